/** `klee run --rm`: the container is removed when it has ended, whoever is there to see it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
afterEach(() => host.removeContainers());
after(() => host.close());

interface Listed {
	readonly name: string;
	readonly jid: number | null;
}

const listed = () => host.kleeJson<Listed[]>('lsc', '-a');
const isGone = async () => (await listed()).length === 0;
const files = () => {
	const directory = join(host.root, 'containers');
	return existsSync(directory) ? readdirSync(directory) : [];
};

/** Nothing is left but what was asked to outlive it. */
async function assertGone(): Promise<void> {
	await eventually('the container is gone', isGone, { every: 50 });
	assert.deepEqual(files(), []);
	assert.deepEqual(await host.lastingLeftovers(), []);
	const { network_endpoints: endpoints } = await host.kleeJson<{ network_endpoints: unknown[] }>('isn', 'testnet');
	assert.deepEqual(endpoints, []);
}

/** One that ends when its gate is opened, daemon or not. */
async function runGated(...options: readonly string[]): Promise<{ open(): void }> {
	const script = 'until [ -e /tmp/gate ]; do sleep 0.1; done';
	const where = ['-l', 'vnet', '-n', 'testnet', '--name', 'gated'];
	await host.kleeOutput('run', '-d', ...options, ...where, 'Debian', '/bin/sh', '-c', script);
	const jid = (await listed())[0]?.jid;
	return { open: () => writeFileSync(`/proc/${jid}/root/tmp/gate`, '') };
}

test('it is gone when klee run returns, with its name and address; what it wrote into a volume stays', async () => {
	const words = ['run', '--rm', '--name', 'brief', '-l', 'vnet', '-n', 'testnet', '--ip', '10.4.6.9'];
	for (const code of [0, 3]) {
		const script = `echo ${code} >>/srv/log; exit ${code}`;
		const outcome = await host.klee(...words, '-m', 'data:/srv', 'Debian', '/bin/sh', '-c', script);
		assert.deepEqual([outcome.code, outcome.stdout], [code, ''], outcome.stderr);
		assert.deepEqual(await listed(), []);
	}
	await assertGone();
	assert.equal(await host.kleeOutput('run', '--rm', '-m', 'data:/srv', 'Debian', 'cat', '/srv/log'), '0\n3');
});

test('it is gone after stop and rm -f, and those who ended it are told its id', async () => {
	for (const ending of [
		['stop', '-t', '0'],
		['rmc', '-f'],
	]) {
		const id = await host.kleeOutput('run', '-d', '--rm', '--name', 'going', 'Debian', 'sleep', '600');
		assert.equal((await host.kleeJson<{ container: { auto_remove: boolean } }>('isc', id)).container.auto_remove, true);
		assert.equal((await host.kleeOutput(...ending, 'going')).length > 0, true);
		await assertGone();
	}
});

test('a client that is killed leaves it running, and it goes when it ends', async () => {
	const script = 'echo begun; until [ -e /tmp/gate ]; do sleep 0.1; done';
	const talk = host.converse(['run', '--rm', 'Debian', '/bin/sh', '-c', script]);
	await talk.until(/begun/);
	talk.child.kill('SIGKILL');
	await talk.ended;
	const [container] = await listed();
	writeFileSync(`/proc/${container?.jid}/root/tmp/gate`, '');
	await assertGone();
});

test('it goes also where its daemon was killed: ended before the next one, or after', async () => {
	const before = await runGated('--rm');
	await host.stopDaemon('SIGKILL');
	before.open();
	await host.startDaemon();
	await assertGone();
	const later = await runGated('--rm');
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	assert.equal((await listed()).length, 1, 'it is adopted');
	later.open();
	await assertGone();
	const kept = await runGated();
	kept.open();
	await eventually('it has ended', async () => (await listed())[0]?.jid === null);
	assert.equal(files().length, 1, 'without --rm it stays');
});

test('--rm and a restart policy do not go together', async () => {
	const refused = await host.klee('run', '--rm', '--restart', 'on-startup', 'Debian', 'true');
	assert.deepEqual([refused.code, refused.stdout], [125, '']);
	assert.match(refused.stderr, /restart policy on-startup[\s\S]*hint: leave out --rm or --restart/);
	assert.deepEqual(await listed(), []);
});
