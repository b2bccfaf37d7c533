import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KleeneError } from '#errors/kleene-error.ts';
import { parseAddress, perFamily } from '#inet/address.ts';
import type { Container } from '#model/container.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { PublishedPort } from '#model/port.ts';
import { ENDPOINT, testnet } from '#test/engine/testnet.ts';
import type { LiveEndpoint } from './endpoint.ts';
import { type Frontage, partsOfPorts } from './ports.ts';

const FRONTAGE: Frontage = {
	addresses: new Map([
		['lo', ['127.0.0.1', '::1']],
		['em0', ['192.0.2.1', '2001:db8::1']],
	]),
};

/** Without routers, so that no vnet container has a default route by it. */
const NOWHERE = { subnet: '', gateway: '' };

function liveEndpoint(position: number, addresses: [string, string], internal = false): LiveEndpoint {
	const endpoint = { ...ENDPOINT, id: `e${position}`, position, addresses: perFamily(...addresses.map(parseAddress)) };
	const network = testnet({ ...NOWHERE, interface: `kleene${position}`, internal });
	return { endpoint, network, unit: 10 + position };
}

function plan(
	port: Partial<PublishedPort>,
	liveEndpoints: readonly LiveEndpoint[],
	driver = 'vnet',
	publishFrom: readonly string[] = [],
) {
	const published = { interfaces: [], hostPort: '80', containerPort: '80', protocol: 'tcp', ...port };
	const container = { id: 'web', networkDriver: driver, publicPorts: [published], publishFrom } as unknown as Container;
	return partsOfPorts(container, liveEndpoints, FRONTAGE);
}

test('each family leads to the endpoint connected first that has an address and is not internal', () => {
	const liveEndpoints = [
		liveEndpoint(2, ['10.3.0.2', 'fd03::2']),
		liveEndpoint(1, ['10.2.0.2', '']),
		liveEndpoint(0, ['10.1.0.2', 'fd01::2'], true),
	];
	const targets = plan({}, liveEndpoints).map((part) => [part.target, part.interface, part.arrivesOn]);
	assert.deepEqual(targets, [
		['10.2.0.2', 'kleene1', EVERY_UPLINK],
		['fd03::2', 'kleene2', EVERY_UPLINK],
	]);
	assert.deepEqual(
		plan({}, liveEndpoints, 'ipnet').map((part) => part.interface),
		['epair11a', 'epair12a'],
	);
	assert.deepEqual(plan({}, [liveEndpoint(0, ['10.1.0.2', ''], true)]), []);
});

test('the endpoint that gives the default route goes before those that were connected earlier', () => {
	const preferred = liveEndpoint(2, ['10.3.0.2', '']);
	const liveEndpoints = [
		liveEndpoint(0, ['10.1.0.2', 'fd01::2']),
		{ ...preferred, endpoint: { ...preferred.endpoint, defaultRoute: true } },
	];
	const targets = plan({}, liveEndpoints, 'ipnet').map(({ target }) => target);
	assert.deepEqual(targets, ['10.3.0.2', 'fd01::2']);
});

test('an interface stands for its addresses, and the loopback lets nothing in', () => {
	const both = [liveEndpoint(0, ['10.1.0.2', 'fd01::2'])];
	const places = (...interfaces: string[]) =>
		plan({ interfaces }, both).map((part) => [part.hostAddress, part.arrivesOn, part.target]);
	assert.deepEqual(places('em0'), [
		['192.0.2.1', 'em0', '10.1.0.2'],
		['2001:db8::1', 'em0', 'fd01::2'],
	]);
	assert.deepEqual(places('lo', '127.0.0.9'), [
		['127.0.0.1', '', '10.1.0.2'],
		['127.0.0.9', '', '10.1.0.2'],
		['::1', '', 'fd01::2'],
	]);
	for (const name of ['em1', '192.0.2.7'])
		assert.throws(
			() => places(name),
			(error) => error instanceof KleeneError && error.code === 'NO_SUCH_INTERFACE' && error.why.includes(name),
		);
});

test('sources go to the ports of their family; a family without any is for nobody', () => {
	const both = [liveEndpoint(0, ['10.1.0.2', 'fd01::2'])];
	const from = (...blocks: string[]) => plan({}, both, 'vnet', blocks).map((part) => part.from);
	assert.deepEqual(from(), [undefined, undefined]);
	assert.deepEqual(from('192.0.2.0/24', '2001:db8::/32', '10.0.0.0/8'), [
		['192.0.2.0/24', '10.0.0.0/8'],
		['2001:db8::/32'],
	]);
	assert.deepEqual(from('192.0.2.0/24'), [['192.0.2.0/24'], []]);
});
