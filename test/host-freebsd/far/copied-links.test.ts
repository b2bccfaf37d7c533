/** `klee cp` on the simulated host, while a process of the container exchanges directories for links that lead out. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { FarTestHost } from './far-test-host.ts';

test('links lead nowhere but into the container, whatever it does meanwhile', async (t) => {
	const host = await FarTestHost.start();
	t.after(() => host.close());
	const secret = join(host.folder, 'secret');
	mkdirSync(secret);
	writeFileSync(join(secret, 'key'), 'secret');
	const here = join(host.folder, 'here');
	mkdirSync(here);
	writeFileSync(join(here, 'file'), 'file');
	await host.kleeOutput('create', '-l', 'disabled', '--name', 'web', 'FreeBSD', 'true');
	const dataset = [...host.far.world.datasets.values()].find(({ name }) => /\/container\/[0-9a-f]{12}$/.test(name));
	const root = dataset?.mountpoint ?? '';
	await host.kleeOutput('rmc', 'web');
	// A process here is not confined to its root: it is told where that is.
	const [one, other] = [`rm -rf $d/x; ln -s ${secret} $d/x`, 'rm -f $d/x; mkdir $d/x; echo own >$d/x/key'];
	const swap = `d=$(dirname "$0")/$1/d; mkdir -p $d; touch $d/ready; while :; do ${one}; sleep 0.1; ${other}; sleep 0.1; done`;
	// Time to exchange what was looked up.
	writeFileSync(join(host.far.bin, 'tar'), '#!/bin/sh\nsleep 0.25\nexec bsdtar "$@"\n', { mode: 0o755 });
	const loop = ['/bin/sh', '-c', swap, root];
	const id = (await host.kleeOutput('create', '-l', 'disabled', '--name', 'web', 'FreeBSD', 'sleep', '600')).trim();
	await host.kleeOutput('start', '-d', 'web');
	await host.kleeOutput('exec', '-d', 'web', ...loop, id);
	const place = join(root, '..', id, 'd');
	await eventually('the loop runs', () => existsSync(join(place, 'ready')));
	for (let round = 0; round < 6; round += 1) {
		const out = await host.klee('cp', 'web:/d/x/key', join(here, `key${round}`));
		if (out.code === 0) assert.equal(readFileSync(join(here, `key${round}`), 'utf8'), 'own\n');
		await host.klee('cp', join(here, 'file'), 'web:/d/x/');
	}
	assert.deepEqual(readdirSync(secret), ['key']);
	assert.equal(readFileSync(join(secret, 'key'), 'utf8'), 'secret');
	await eventually(
		'the loop goes on',
		() => lstatSync(join(place, 'x'), { throwIfNoEntry: false })?.isSymbolicLink() === true,
	);
	await host.kleeOutput('stop', '-t', '0', 'web');
});
