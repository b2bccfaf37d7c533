/** A prune beside a pull from a real registry: nothing that the pull has unpacked, or found here, goes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { context, removeContexts } from '#test/acceptance/build/context.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import { Registry } from '#test/testbed/registry.ts';
import { TestHost } from '#test/testbed/test-host.ts';

const INSECURE = '--tls-verify=false';
const LAYERS = ['COPY busybox /bin/', 'COPY one /', 'COPY two /', 'COPY three /'];

let host: TestHost;
let address: string;

before(async () => {
	host = await TestHost.start();
	const registry = await Registry.start(host.namespace);
	host.takeAlong(registry);
	address = registry.address;
	const directory = context('');
	copyFileSync(provideBusybox(), join(directory, 'busybox'));
	for (const file of ['one', 'two', 'three']) writeFileSync(join(directory, file), randomBytes(4_000_000));
	for (const [name, count] of [
		['base', 2],
		['whole', 4],
	] as const) {
		writeFileSync(join(directory, 'Dockerfile'), `FROM scratch\n${LAYERS.slice(0, count).join('\n')}\n`);
		await host.kleeOutput('build', '-t', `${address}/${name}`, directory);
		await host.kleeOutput('push', INSECURE, `${address}/${name}`);
	}
	await removeAll();
});
after(async () => {
	removeContexts();
	await host.close();
});

const removeAll = () => host.kleeOutput('system', 'prune', '-a', '-f');
const layers = () => readdirSync(join(host.root, 'layers'));

/** Prunes until the pull has ended. @returns how often */
async function pullWhilePruning(name: string, ...options: readonly string[]): Promise<number> {
	const pulling = host.converse(['pull', INSECURE, name]);
	let times = 0;
	for (; pulling.child.exitCode === null; times++) await host.kleeOutput('system', 'prune', '-f', ...options);
	const { code } = await pulling.ended;
	assert.equal(code, 0, pulling.output);
	return times;
}

async function assertWhole(name: string): Promise<void> {
	const sizes = await host.kleeOutput('run', '--rm', name, '/bin/busybox', 'wc', '-c', '/one', '/two', '/three');
	assert.equal(sizes.match(/^ *4000000 /gm)?.length, 3, sizes);
}

test('layers that a pull has unpacked stay until its image is there', async () => {
	const name = `${address}/whole`;
	for (let round = 0; round < 2; round++) {
		assert.ok((await pullWhilePruning(name)) > 1);
		await assertWhole(name);
		await removeAll();
		assert.deepEqual(layers(), []);
	}
});

test('layers that a pull found here stay, also when the last image that had them goes meanwhile', async () => {
	const [base, whole] = [`${address}/base`, `${address}/whole`];
	await host.kleeOutput('pull', INSECURE, base);
	assert.equal(layers().length, 3, 'that of scratch, and two');
	const pulling = host.converse(['pull', INSECURE, whole]);
	// The pull says by then which layers it found.
	await pulling.until(/fetching|here/);
	const removed = await host.klee('rmi', base);
	for (let times = 0; pulling.child.exitCode === null || times === 0; times++)
		await host.kleeOutput('system', 'prune', '-f');
	assert.equal((await pulling.ended).code, 0, pulling.output);
	assert.equal(removed.code, 0, removed.stderr);
	await assertWhole(whole);
	await removeAll();
	assert.deepEqual(layers(), []);
});
