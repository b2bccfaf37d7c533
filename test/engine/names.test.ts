/** Which names stand for which containers, seen from each network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameDirectory } from '#engine/name-directory.ts';
import { parseAliases } from '#model/endpoint.ts';
import { createContainer, EXECUTE, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

/** Networks `testnet` (10.4.6.0/24) and `other` (10.4.7.0/24), whose ids are given. */
async function twoNetworks() {
	const fixture = await startEngine();
	const { id: net } = await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const { id: other } = await fixture.engine.networks.create(
		{ ...TESTNET_CONFIG, name: 'other', subnet: '10.4.7.0/24' },
		EXECUTE,
	);
	const directory = new NameDirectory(fixture.store);
	const ask = (network: string, name: string, source: string) => directory.lookup(network, name, source)?.addresses;
	return { fixture, net: net!, other: other!, ask, directory };
}

async function member(fixture: Fixture, name: string, network: string, aliases: readonly string[], run = true) {
	await createContainer(fixture, name);
	await join(fixture, name, network, aliases);
	if (run) await start(fixture, name);
}

function join({ engine }: Fixture, container: string, network: string, aliases: readonly string[]) {
	return engine.endpoints.connect({ container, network, ipAddress: '<auto>', ipAddress6: '', aliases }, EXECUTE);
}

test('an alias is answered on its network with the addresses of all that run and have it', async () => {
	const { fixture, net, other, ask } = await twoNetworks();
	await member(fixture, 'one', 'testnet', ['DB', 'cache']);
	await member(fixture, 'two', 'testnet', ['db']);
	await member(fixture, 'still', 'testnet', ['db', 'idle'], false);
	assert.deepEqual([...ask(net, 'db', '10.4.6.9')!].sort(), ['10.4.6.2', '10.4.6.3']);
	assert.deepEqual(ask(net, 'cache', '10.4.6.9'), ['10.4.6.2']);
	assert.deepEqual(ask(net, 'idle', '10.4.6.9'), [], 'known, and without an address');
	assert.equal(ask(net, 'nosuch', '10.4.6.9'), undefined);
	assert.equal(ask(other, 'db', '10.4.7.9'), undefined);
});

test('who is on several networks knows the aliases of all of them, each container its own name first', async () => {
	const { fixture, net, other, ask, directory } = await twoNetworks();
	await member(fixture, 'web', 'testnet', []);
	await member(fixture, 'away', 'other', ['db', 'web']);
	await member(fixture, 'both', 'testnet', []);
	await join(fixture, 'both', 'other', []);
	const both = '10.4.6.3';
	assert.deepEqual(ask(net, 'db', both), ['10.4.7.2']);
	assert.deepEqual(ask(net, 'web', both), ['10.4.6.2'], 'the name of a container is nobody else’s alias');
	assert.deepEqual(ask(other, 'web', '10.4.7.2'), ['10.4.7.2'], 'save for those who cannot know that container');
	assert.equal(directory.reverse(net, '10.4.7.2', both), 'away');
});

test('aliases go with the connection, and are shown as they are kept', async () => {
	const { fixture, net, ask } = await twoNetworks();
	await member(fixture, 'one', 'testnet', ['db', 'Cache', 'DB']);
	const aliases = () => fixture.engine.containers.inspect('one').endpoints.map((endpoint) => endpoint.aliases);
	assert.deepEqual(aliases(), [['cache', 'db']]);
	await fixture.engine.endpoints.disconnect({ network: 'testnet', container: 'one' }, EXECUTE);
	assert.equal(ask(net, 'db', '10.4.6.9'), undefined);
	await join(fixture, 'one', 'testnet', []);
	assert.deepEqual([aliases(), ask(net, 'db', '10.4.6.9')], [[[]], undefined]);
});

test('an alias is a label of DNS, and where nobody would answer it is refused, with nothing changed', async () => {
	assert.deepEqual(parseAliases(['A', 'x-1', '1x', 'a']), ['1x', 'a', 'x-1']);
	for (const bad of ['', '-', 'a.b', 'a_b', '-a', 'a-', '10', 'ä', 'a b', 'x'.repeat(64)])
		assert.throws(() => parseAliases(['good', bad]), { code: 'INVALID_ARGUMENT' }, bad);
	const { fixture } = await twoNetworks();
	await fixture.engine.networks.create({ ...TESTNET_CONFIG, name: 'mute', subnet: '10.4.8.0/24', dns: false }, EXECUTE);
	await createContainer(fixture, 'one');
	await assert.rejects(join(fixture, 'one', 'mute', ['db']), { code: 'UNSUPPORTED_HERE', why: /--no-dns/ });
	await assert.rejects(join(fixture, 'one', 'testnet', ['a.b']), { code: 'INVALID_ARGUMENT' });
	assert.deepEqual(fixture.engine.containers.inspect('one').endpoints, []);
});
