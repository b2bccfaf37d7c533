import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, perFamily } from '#inet/address.ts';
import type { Endpoint } from '#model/endpoint.ts';
import { type NamedMember, namesOfNetwork, ownNames } from './member-names.ts';

const NETWORK = { id: '2f1dc29b8f36', name: 'testnet' };

function member(name: string, address: string | string[], rest: Partial<Endpoint> = {}, running = true): NamedMember {
	const id = `id${name}`;
	const addresses = perFamily(...[address].flat().map(parseAddress));
	const endpoint = { id: `e${name}`, containerId: id, networkId: NETWORK.id, addresses };
	const unused = { position: 0, epair: running ? 0 : null, mac: '', defaultRoute: false, aliases: [] };
	return { container: { id, name }, endpoint: { ...endpoint, ...unused, ...rest }, running };
}

test('a member that runs has its name, its id and its aliases, in both families', () => {
	const web = member('web', ['10.4.6.2', 'fd00:4:6::2'], { aliases: ['www'] });
	const names = ['web.kleene', 'web', 'idweb.kleene', 'idweb', 'www.kleene', 'www'];
	assert.deepEqual(namesOfNetwork(NETWORK, [web, member('off', '10.4.6.3', {}, false)]), {
		network: NETWORK.id,
		name: 'testnet',
		entries: [
			{ address: '10.4.6.2', names },
			{ address: 'fd00:4:6::2', names },
		],
	});
});

test('the name of a member goes before the aliases of others, also while it does not run', () => {
	const aliased = member('one', '10.4.6.2', { aliases: ['db', 'queue'] });
	const { entries } = namesOfNetwork(NETWORK, [aliased, member('DB', '10.4.6.3', {}, false)]);
	assert.deepEqual(
		entries.map(({ names }) => names.filter((name) => !name.includes('.'))),
		[['one', 'idone', 'queue']],
	);
});

test('a host name that no network knows is the container itself', () => {
	const networks = [namesOfNetwork(NETWORK, [member('web', '10.4.6.2')])];
	assert.deepEqual(ownNames({ hostname: 'idweb' }, networks, ['10.4.6.2']), []);
	assert.deepEqual(ownNames({ hostname: 'mail.example.org' }, networks, []), [
		{ address: '127.0.0.1', names: ['mail.example.org'] },
		{ address: '::1', names: ['mail.example.org'] },
	]);
	assert.equal(ownNames({ hostname: 'idweb' }, [], []).length, 2);
	const confinement = { hosts: [{ name: 'db', address: '10.9.8.7' }] };
	assert.deepEqual(ownNames({ hostname: 'mail', confinement }, networks, ['10.4.6.2']), [
		{ address: '10.9.8.7', names: ['db'] },
		{ address: '10.4.6.2', names: ['mail'] },
	]);
});
