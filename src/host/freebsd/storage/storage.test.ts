import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SandboxSpec } from '#model/sandbox.ts';
import { Paths } from '../paths.ts';
import { FreebsdSandboxes } from '../sandbox/sandbox.ts';
import { FreebsdStacks } from '../sandbox/stacks.ts';
import { FreebsdLayers } from './layers.ts';
import { FreebsdStorage } from './storage.ts';

const PATHS = new Paths('zroot/kleene');
const FILES = { kind: 'root-files', container: 'aaaabbbbcccc', layers: ['1111222233ff'] } as const;

test('the files of a container as text for a shell', () => {
	const { rootFiles } = new FreebsdStorage(PATHS);
	const dataset = 'zroot/kleene/container/aaaabbbbcccc';
	assert.equal(
		rootFiles.make(FILES, {}).text,
		`if ! words=$(zfs clone -o 'kleene:made=0' 'zroot/kleene/layer/1111222233ff@layer' '${dataset}' 2>&1); then
	if origin=$(zfs get -H -o value origin '${dataset}' 2>/dev/null); then
		[ "$origin" = 'zroot/kleene/layer/1111222233ff@layer' ] || { printf 'KLEENE-REFUSAL %s\\t%s\\t%s\\t%s' 'HOST_FAILED' 'cannot make the files of container aaaabbbbcccc' 'the dataset ${dataset} already exists, made of '"$origin" 'check its content; if it is not needed: zfs destroy -r ${dataset}' | tr '\\n' ' ' >&2; echo >&2; exit 1; }
	else
		printf '%s\\n' "$words" >&2
		exit 1
	fi
fi`,
	);
});

test('what would be done, in the words of the host', () => {
	const process = { argv: ['true'], env: [], user: 'root', tty: false, stdin: false };
	const limits = { rawSockets: false, netAdmin: true, parameters: ['exec.prestart=echo a'], process };
	const spec: SandboxSpec = { driver: 'vnet', hostname: 'web one', network: 'own', ...limits };
	const { rootFiles, rootMount } = new FreebsdStorage(PATHS);
	const stack = { kind: 'stack', container: 'aaaabbbbcccc', spec } as const;
	const mount = { type: 'volume', source: 'data', destination: '/data', readOnly: true } as const;
	const sandbox = { kind: 'sandbox', container: 'aaaabbbbcccc', spec, mounts: [mount] } as const;
	const source = { kind: 'dataset', dataset: 'zroot/base', method: 'copy' } as const;
	const image = { kind: 'layer', layer: '1111222233ff', below: [], source, dns: true, localtime: false } as const;
	const stacks = new FreebsdStacks(PATHS);
	const sandboxes = new FreebsdSandboxes(PATHS);
	assert.deepEqual(
		[
			...new FreebsdLayers(PATHS).describe('make', image),
			...rootFiles.describe('make', FILES),
			...rootMount.describe('make', { ...FILES, kind: 'root-mount' }),
			...stacks.describe('make', stack),
			...sandboxes.describe('make', sandbox),
			...sandboxes.describe('unmake', sandbox),
			...stacks.describe('unmake', stack),
			...rootFiles.describe('unmake', FILES),
		],
		[
			'zfs snapshot zroot/base@1111222233ff',
			'zfs send zroot/base@1111222233ff | zfs receive zroot/kleene/layer/1111222233ff',
			'zfs destroy zroot/base@1111222233ff',
			'cp /etc/resolv.conf /zroot/kleene/layer/1111222233ff/etc/resolv.conf',
			'zfs snapshot zroot/kleene/layer/1111222233ff@layer',
			'zfs clone zroot/kleene/layer/1111222233ff@layer zroot/kleene/container/aaaabbbbcccc',
			'zfs mount zroot/kleene/container/aaaabbbbcccc',
			'echo a',
			"jail -c name=aaaabbbbcccc path=/zroot/kleene/container/aaaabbbbcccc vnet persist 'host.hostname=web one' mount.devfs=true devfs_ruleset=5",
			'jexec aaaabbbbcccc ifconfig lo0 inet 127.0.0.1/8 up',
			'mount -t nullfs -o ro /zroot/kleene/volumes/data /zroot/kleene/container/aaaabbbbcccc/data',
			'pkill -TERM -j aaaabbbbcccc',
			'jail -R aaaabbbbcccc',
			'umount /zroot/kleene/container/aaaabbbbcccc/data',
			'jail -R aaaabbbbcccc',
			'zfs destroy -r zroot/kleene/container/aaaabbbbcccc',
		],
	);
});
