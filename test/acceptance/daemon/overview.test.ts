/** The daemon, its host, and the room that objects occupy. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
after(async () => {
	await host.removeContainers();
	await host.close();
});

interface Usage {
	readonly kind: string;
	readonly id: string;
	readonly bytes: number;
	readonly used: boolean;
}

test('klee info and klee system df tell what there is and how much room it takes', async () => {
	const before = await host.kleeJson<Usage[]>('system', 'df');
	assert.deepEqual(
		before.map(({ kind, used }) => `${kind} ${used}`),
		['layer false'],
	);
	const script = 'head -c 5000000 /dev/zero >/data; head -c 3000000 /dev/zero >/srv/data';
	await host.kleeOutput('run', '-d', '--name', 'big', '-m', 'room:/srv', 'Debian', '/bin/sh', '-c', script);
	await host.kleeOutput('wait', 'big');
	const after = await host.kleeJson<Usage[]>('system', 'df');
	const [layer, container, volume] = ['layer', 'container', 'volume'].map(
		(kind) => after.find((one) => one.kind === kind)!,
	);
	assert.ok(layer!.used && layer!.bytes > 10_000_000);
	assert.ok(!container!.used && container!.bytes >= 5_000_000 && container!.bytes < 6_000_000);
	assert.ok(volume!.used && volume!.id === 'room' && volume!.bytes >= 3_000_000);
	const table = await host.kleeOutput('system', 'df');
	assert.match(table, /containers\s+1\s+0\s+5\.\d\d MB\s+5\.\d\d MB/);
	assert.match(await host.kleeOutput('system', 'df', '-v'), /volume\s+room\s+3\.\d\d MB\s+yes/);
	assert.match(await host.kleeOutput('info'), /Containers:\s+1 \(0 running\)\n/);
	const info = await host.kleeJson<{ os: string; volumes: number; version: string }>('system', 'info');
	assert.deepEqual([info.os, info.volumes, info.version], ['linux', 1, '0.1.0']);
});
