/** What the far side answers is what a FreeBSD 13.2 host was recorded to answer, one command after the other. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { run } from '#test/testbed/command.ts';
import { type Recording, recordings } from '../recordings.ts';
import { FarHost } from './far-host.ts';

let host: FarHost;
before(async () => {
	host = await FarHost.start();
});
after(() => host.close());

async function play({ name, argv, stdin = '', exitCode, stdout, stderr }: Recording): Promise<void> {
	const env = { PATH: `${host.bin}:/usr/sbin:/usr/bin:/sbin:/bin` };
	const outcome = await run(['/usr/bin/env', ...argv], { env, input: stdin });
	assert.deepEqual(
		{ code: outcome.code, stdout: outcome.stdout, stderr: outcome.stderr },
		{ code: exitCode, stdout, stderr },
		`${name}: ${argv.join(' ')}`,
	);
}

const between = (first: string, last: string) => recordings.filter(({ name }) => first <= name && name < `${last}~`);

test('the addresses of a jail on the stack of the host', async () => {
	for (const one of between('150', '161')) await play(one);
	assert.equal(host.world.jails.size, 1, 'the second one, which got an address that the first one had');
});

test('anchors with and without tables, emptied', async () => {
	for (const id of ['69a4997a4af6', 'cdf842021385'])
		for (const what of ['from', 'to']) host.world.anchors.set(`kleene/${what}.${id}`, 'pass all\n');
	host.world.anchors.set('kleene/verdict', 'pass all\n');
	for (const one of between('162', '171')) await play(one);
	for (const name of host.world.emptied.keys()) host.world.emptied.set(name, 0);
	for (const one of between('172', '172')) await play(one);
});
