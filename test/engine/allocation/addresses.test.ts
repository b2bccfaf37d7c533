import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KleeneError } from '#errors/kleene-error.ts';
import { formatAddress, parseAddress } from '#inet/address.ts';
import { assignable, parseSubnet } from '#inet/subnet.ts';
import { addressesOf } from '#model/endpoint.ts';
import { connect, createContainer, EXECUTE, startEngine } from '../fixture.ts';
import { TESTNET_CONFIG } from '../testnet.ts';

/** What a user may do to a /29 with a gateway: five addresses for containers. */
const command = fc.oneof(
	fc.record({ kind: fc.constant('connect' as const), container: fc.nat(7), wanted: fc.constant('<auto>') }),
	fc.record({
		kind: fc.constant('connect' as const),
		container: fc.nat(7),
		wanted: fc.nat(9).map((low) => `10.9.8.${low}`),
	}),
	fc.record({ kind: fc.constant('disconnect' as const), container: fc.nat(7), wanted: fc.constant('') }),
);

test('whatever containers do, an address belongs to one of them, is assignable, and automatic ones are the lowest', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
			const fixture = await startEngine();
			await fixture.engine.networks.create({ ...TESTNET_CONFIG, subnet: '10.9.8.0/29' }, EXECUTE);
			for (let index = 0; index < 8; index += 1) await createContainer(fixture, `c${index}`);
			const held = new Map<number, string>();
			const free = () =>
				['2', '3', '4', '5', '6'].map((low) => `10.9.8.${low}`).filter((ip) => ![...held.values()].includes(ip));
			for (const { kind, container, wanted } of commands) {
				if (kind === 'disconnect') {
					const request = { container: `c${container}`, network: 'testnet' };
					const outcome = await fixture.engine.endpoints.disconnect(request, EXECUTE).catch((error) => error);
					assert.equal(outcome instanceof Error, !held.delete(container));
					continue;
				}
				const expected = held.has(container)
					? undefined
					: wanted === '<auto>'
						? free()[0]
						: free().find((ip) => ip === wanted);
				const outcome = await connect(fixture, `c${container}`, 'testnet', wanted).catch((error) => error);
				assert.equal(outcome instanceof Error, expected === undefined, `${kind} ${container} ${wanted}`);
				if (expected) held.set(container, expected);
			}
			const endpoints = fixture.engine.networks.inspect('testnet').endpoints.flatMap(addressesOf);
			assert.deepEqual(endpoints.toSorted(), [...held.values()].toSorted());
		}),
		{ numRuns: 40 },
	);
});

test('each reason why an address cannot be had is named', async () => {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	await createContainer(fixture, 'first');
	await createContainer(fixture, 'second');
	await connect(fixture, 'first', 'testnet', '10.4.6.9');
	const cases: [string, string, RegExp][] = [
		['10.4.7.2', 'INVALID_ADDRESS', /outside the subnet 10\.4\.6\.0\/24/],
		['10.4.6.0', 'INVALID_ADDRESS', /network address/],
		['10.4.6.255', 'INVALID_ADDRESS', /broadcast address/],
		['10.4.6.1', 'ADDRESS_TAKEN', /gateway/],
		['10.4.6.9', 'ADDRESS_TAKEN', /container first/],
		['10.4.6', 'INVALID_ADDRESS', /could not parse inet address 10\.4\.6: einval/],
		['fd00::2', 'INVALID_ADDRESS', /could not parse inet address/],
	];
	for (const [address, code, why] of cases) {
		const error = (await connect(fixture, 'second', 'testnet', address).catch((thrown) => thrown)) as KleeneError;
		assert.equal(error.code, code, address);
		assert.match(error.why, why);
		assert.deepEqual(fixture.engine.containers.inspect('second').endpoints, []);
	}
});

test('a full network says so, and has room again when a container leaves', async () => {
	const fixture = await startEngine();
	await fixture.engine.networks.create({ ...TESTNET_CONFIG, subnet: '172.19.0.0/30' }, EXECUTE);
	await createContainer(fixture, 'only');
	await createContainer(fixture, 'other');
	await connect(fixture, 'only', 'testnet');
	const error = (await connect(fixture, 'other', 'testnet').catch((thrown) => thrown)) as KleeneError;
	assert.equal(error.message, "no more inet IP's left in the network");
	await fixture.engine.endpoints.disconnect({ container: 'only', network: 'testnet' }, EXECUTE);
	await connect(fixture, 'other', 'testnet');
	assert.deepEqual(fixture.engine.containers.inspect('other').endpoints.flatMap(addressesOf), ['172.19.0.2']);
});

test('subnets that overlap another network, or an address of the host, are refused by name', async () => {
	const fixture = await startEngine();
	const eth0 = { name: 'eth0', type: '', up: true, mac: '', mtu: 1500, bridge: '', addresses: ['192.168.7.20/24'] };
	fixture.host.foreign.push(eth0);
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	for (const subnet of ['10.4.6.0/24', '10.4.0.0/16', '10.4.6.128/25']) {
		const attempt = fixture.engine.networks.create({ ...TESTNET_CONFIG, name: 'other', subnet }, EXECUTE);
		await assert.rejects(attempt, { code: 'SUBNET_OVERLAP', why: new RegExp(`${subnet} overlaps network testnet`) });
	}
	const onHost = fixture.engine.networks.create(
		{ ...TESTNET_CONFIG, name: 'other', subnet: '192.168.0.0/16' },
		EXECUTE,
	);
	await assert.rejects(onHost, { why: /overlaps address 192\.168\.7\.20\/24 of the host's interface eth0/ });
	await fixture.engine.networks.create({ ...TESTNET_CONFIG, name: 'other', subnet: '10.4.7.0/24' }, EXECUTE);
	assert.deepEqual(
		fixture.engine.networks.list().map(({ interface: name }) => name),
		['kleene1', 'kleene0'],
	);
});

test('overlap is found among many networks, nested and disjoint', () => {
	return fc.assert(
		fc.asyncProperty(
			fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 16, max: 28 })), { maxLength: 25 }),
			async (blocks) => {
				const fixture = await startEngine();
				const accepted: string[] = [];
				for (const [index, [third, bits]] of blocks.entries()) {
					const subnet = parseSubnet(`10.20.${bits < 24 ? third - (third % 2 ** (24 - bits)) : third}.0/${bits}`)!;
					const config = {
						...TESTNET_CONFIG,
						name: `n${index}`,
						subnet: `${formatAddress({ family: 4, value: subnet.first })}/${bits}`,
					};
					const clash = accepted
						.map((text) => parseSubnet(text)!)
						.some((other) => other.first <= subnet.last && subnet.first <= other.last);
					const outcome = await fixture.engine.networks.create(config, EXECUTE).catch((error) => error);
					assert.equal(outcome instanceof Error, clash);
					if (!clash) accepted.push(config.subnet);
				}
			},
		),
		{ numRuns: 25 },
	);
});

test('a gateway that the user names is never given to a container', async () => {
	const fixture = await startEngine();
	await fixture.engine.networks.create({ ...TESTNET_CONFIG, gateway: '10.4.6.1' }, EXECUTE);
	await createContainer(fixture, 'web');
	await connect(fixture, 'web', 'testnet');
	const [endpoint] = fixture.engine.containers.inspect('web').endpoints;
	assert.deepEqual(endpoint && addressesOf(endpoint), ['10.4.6.2']);
	const { first } = assignable(parseSubnet('10.4.6.0/24')!);
	assert.deepEqual(parseAddress('10.4.6.1'), { family: 4, value: first });
});

test('a dry run of connecting takes neither an address nor a cable', async () => {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	await createContainer(fixture, 'web');
	for (let round = 0; round < 3; round += 1) {
		const request = { container: 'web', network: 'testnet', ipAddress: '<auto>', ipAddress6: '<auto>' };
		await fixture.engine.endpoints.connect(request, { dryRun: true });
	}
	assert.deepEqual(fixture.engine.containers.inspect('web').endpoints, []);
	await connect(fixture, 'web', 'testnet');
	assert.deepEqual(fixture.engine.containers.inspect('web').endpoints.flatMap(addressesOf), ['10.4.6.2']);
});
