/** A database that is declared new: what the old one knew is ended and put aside, and removed when that is asked for. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	const web = ['-l', 'vnet', '-n', 'testnet', '-m', 'data:/srv', '-p', '8080:80', '--name', 'web'];
	const script = 'echo kept >/srv/kept; echo kept >/root/kept; sleep 600';
	await host.kleeOutput('run', '-d', ...web, 'Debian', '/bin/sh', '-c', script);
	await host.kleeOutput('run', '--name', 'idle', 'Debian', 'touch', '/root/touched');
});
after(() => host.close());

interface Lost {
	readonly kind: string;
	readonly id: string;
}

const ids = async (command: string) =>
	(await host.kleeJson<{ id: string }[]>(...command.split(' '))).map(({ id }) => id);
const lost = async () => (await host.kleeJson<Lost[]>('system', 'lost')).map(({ kind, id }) => `${kind} ${id}`).sort();
const read = (path: string) => readFileSync(join(host.root, 'lost+found', path), 'utf8');

test('everything is in lost+found, logged, and the host is as new', async () => {
	const containers = await host.kleeJson<{ id: string; name: string }[]>('lsc', '-a');
	const [images, networks] = [await ids('lsi'), await ids('lsn')];
	await host.stopDaemon('SIGKILL');
	for (const name of readdirSync(host.root).filter((name) => name.startsWith('metadata.sqlite')))
		rmSync(join(host.root, name));
	await host.startDaemon('--new-store');
	for (const command of ['lsc -a', 'lsn', 'lsi', 'lsv'])
		assert.deepEqual(await host.kleeJson(...command.split(' ')), []);
	assert.deepEqual(await host.lastingLeftovers(), []);
	assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair|kleene/);

	const expected = [
		...containers.map(({ id }) => `container ${id}`),
		...images.flatMap((id) => [`image ${id}`, `layer ${id}`]),
		...networks.map((id) => `network ${id}`),
		'volume data',
	].sort();
	assert.deepEqual(await lost(), expected);
	for (const { id } of containers)
		assert.match(host.log, new RegExp(`"kind":"container","id":"${id}",.*lost\\+found`), 'each is told of');
	const web = containers.find(({ name }) => name === 'web')?.id;
	assert.equal(read(`container-${web}/upper/root/kept`), 'kept\n');
	assert.equal(read('volume-data/kept'), 'kept\n');
	assert.equal(JSON.parse(read(`container-${web}.json`)).container.name, 'web');
});

test('the next start needs no word, finds nothing to put aside, and removes nothing', async () => {
	const before = await lost();
	await host.stopDaemon();
	await host.startDaemon();
	assert.deepEqual(await lost(), before);
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});

test('a prune keeps the volumes of it', async () => {
	const volumes = (await lost()).filter((one) => one.startsWith('volume '));
	assert.ok(volumes.length > 0);
	const planned = await host.kleeOutput('system', 'prune', '--dry-run');
	const removed = await host.kleeOutput('system', 'prune', '-f');
	for (const text of [planned, removed]) {
		assert.match(text, /^lost container-/m);
		assert.doesNotMatch(text, /volume/);
	}
	assert.deepEqual(await lost(), volumes);
});

test('--volumes takes them, too', async () => {
	const before = await lost();
	const removed = await host.kleeOutput('system', 'prune', '-f', '--volumes');
	const lines = removed.split('\n').filter((line) => line.startsWith('lost '));
	assert.deepEqual(lines.sort(), before.map((one) => `lost ${one.replace(' ', '-')}`).sort());
	assert.deepEqual(await lost(), []);
	assert.deepEqual(readdirSync(join(host.root, 'lost+found')), []);
});
