import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Paths } from '#host/freebsd/paths.ts';
import { confine, describeConfinement, release, ulimitCommands } from '#host/freebsd/sandbox/confinement.ts';
import type { Confinement } from '#model/container/options.ts';
import { first, here, JAIL, spec, Watched } from './runner-place.ts';

const CONTAINER = '0123456789ab';

/** A root directory, and commands that note how they are called. */
function place(t: TestContext) {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-confined-'));
	t.after(() => rmSync(directory, { recursive: true }));
	const paths = new Paths('zroot/k', join(directory, 'k'));
	const [root, bin, log] = [paths.containerRoot(CONTAINER), join(directory, 'bin'), join(directory, 'log')];
	for (const one of [join(root, 'etc'), bin]) mkdirSync(one, { recursive: true });
	for (const name of ['mount', 'zfs', 'devfs', 'sysctl']) {
		const answer = name === 'sysctl' ? 'echo 2000' : `[ $# = 0 ] || echo ${name} "$@" >>${log}`;
		writeFileSync(join(bin, name), `#!/bin/sh\n${answer}\n`);
		chmodSync(join(bin, name), 0o755);
	}
	const run = (confinement: Confinement) => {
		writeFileSync(log, '');
		const { text } = confine(paths, CONTAINER, confinement);
		execFileSync('/bin/sh', ['-ec', text], { env: { PATH: `${bin}:/usr/bin:/bin` }, stdio: 'pipe' });
		return readFileSync(log, 'utf8').replaceAll(root, 'ROOT').trim().split('\n');
	};
	return { paths, root, directory, run };
}

test('memory is mounted where it is to be, a device appears with its directories, the dataset becomes read-only last', (t) => {
	const { run, root, paths } = place(t);
	const device = { source: '/dev/pts/ptmx', destination: '/dev/pts/ptmx', access: 'rwm' };
	const confinement = {
		tmpfs: [{ destination: '/run/x' }, { destination: '/t', size: 4096, mode: '700' }],
		devices: [],
		readonly: true,
	};
	assert.deepEqual(run(confinement), [
		'mount -t tmpfs -o nosuid,mode=1777,size=1000 tmpfs ROOT/run/x',
		'mount -t tmpfs -o nosuid,mode=700,size=4096 tmpfs ROOT/t',
		`zfs set readonly=on zroot/k/container/${CONTAINER}`,
	]);
	assert.ok(existsSync(join(root, 'run/x')));
	const shown = { ...device, source: '/dev/net/tun', destination: '/dev/net/tun' };
	if (existsSync('/dev/net/tun'))
		assert.deepEqual(run({ devices: [shown] }), [
			'devfs -m ROOT/dev rule apply path net unhide',
			'devfs -m ROOT/dev rule apply path net/tun unhide',
		]);
	assert.equal(describeConfinement(paths, CONTAINER, confinement).length, 3);
	const readOnly = { confinement: { readonly: true } } as Parameters<typeof release>[2];
	assert.match(release(paths, CONTAINER, readOnly).text, /zfs inherit readonly/);
});

test('a link of the container is no place for memory, and a device is what it is on the host', (t) => {
	const { run, root, directory } = place(t);
	symlinkSync(directory, join(root, 'out'));
	assert.throws(() => run({ tmpfs: [{ destination: '/out/x' }] }), /KLEENE-REFUSAL HOST_FAILED.*symbolic link/);
	for (const [device, why] of [
		[{ source: '/dev/null', destination: '/dev/other', access: 'rwm' }, /UNSUPPORTED_HERE.*names that they have/],
		[{ source: '/dev/null', destination: '/dev/null', access: 'r' }, /UNSUPPORTED_HERE.*permissions of its node/],
		[{ source: '/dev/none', destination: '/dev/none', access: 'rwm' }, /INVALID_ARGUMENT.*no such device/],
	] as const)
		assert.throws(() => run({ devices: [device] }), why);
});

test('name servers take the place of those of the image, inside of the root', (t) => {
	const { run, root, directory } = place(t);
	const file = join(root, 'etc/resolv.conf');
	writeFileSync(file, '# mine\nnameserver 1.1.1.1\noptions ndots:2\nsearch old\n');
	run({ dns: ['9.9.9.9'] });
	assert.equal(readFileSync(file, 'utf8'), '# mine\noptions ndots:2\nsearch old\nnameserver 9.9.9.9\n');
	run({ search: ['a.example', 'b.example'] });
	assert.match(readFileSync(file, 'utf8'), /^nameserver 9\.9\.9\.9\nsearch a\.example b\.example$/m);
	rmSync(file);
	symlinkSync('/elsewhere/resolv.conf', file);
	run({ dns: ['8.8.8.8'] });
	assert.equal(readFileSync(join(root, 'elsewhere/resolv.conf'), 'utf8'), 'nameserver 8.8.8.8\n');
	assert.ok(!existsSync(join(dirname(directory), 'elsewhere')));
});

test('limits of processes are those of the first and of later ones, in the units of the shell', async (t) => {
	const { runner } = await here(t);
	const ulimits = [
		{ name: 'nofile', soft: 50, hard: 60 },
		{ name: 'core', soft: 1024, hard: -1 },
	];
	assert.equal(
		ulimitCommands(ulimits),
		'ulimit -S -n 50 && ulimit -H -n 60 && ulimit -S -c 2 && ulimit -H -c unlimited && ',
	);
	const confinement = { ulimits: [{ name: 'nofile', soft: 50, hard: 60 }] };
	const show = `ulimit -n; ulimit -H -n; echo "$A"`;
	const running = await runner.run({ ...first, attach: true }, { ...spec(`${show}; sleep 1`), confinement });
	const seen = new Watched(running);
	const execution = { kind: 'additional', container: JAIL, execution: 'e1e1e1e1e1e1', attach: true } as const;
	const later = await runner.run({ ...execution, process: { ...spec(show).process, workdir: '/' } });
	const more = new Watched(later);
	await Promise.all([running.ended, later.ended]);
	assert.deepEqual([seen.stdout, more.stdout], ['50\n60\nb c\n', '50\n60\nb c\n']);
});
