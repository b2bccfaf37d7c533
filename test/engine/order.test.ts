/**
 * Whatever the order in which somebody types networks, ports, mounts, variables, names and sources, the parts on the host are
 * the same, but for what is documented: the first network that can gives the default route, of two variables of one name the
 * later one holds, and inner interfaces are numbered in order of connection.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunRequest } from '#engine/operations/container/new-containers.ts';
import { addressesOf } from '#model/endpoint.ts';
import type { Part } from '#model/part.ts';
import { EXECUTE, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

const NETWORKS = [
	{ ...TESTNET_CONFIG, name: 'closed', subnet: '10.4.1.0/24', internal: true },
	{ ...TESTNET_CONFIG, name: 'open', subnet: '10.4.2.0/24' },
	{ ...TESTNET_CONFIG, name: 'six', subnet: '', gateway: '', subnet6: 'fd00:3::/64', gateway6: '<auto>' },
] as const;
const JOININGS: RunRequest['joinings'] = NETWORKS.map(({ name, subnet6 }) => ({
	network: name,
	ipAddress: subnet6 === '' ? '<auto>' : '',
	ipAddress6: subnet6 === '' ? '' : '<auto>',
	aliases: [`${name}-one`, `${name}-two`],
}));
const PORTS = [
	{ interfaces: [], hostPort: '8080', containerPort: '80', protocol: 'tcp' },
	{ interfaces: [], hostPort: '8080', containerPort: '81', protocol: 'udp' },
	{ interfaces: [], hostPort: '5000:5009', containerPort: '6000:*', protocol: 'tcp' },
	{ interfaces: ['192.0.2.1'], hostPort: '8081', containerPort: '80', protocol: 'tcp' },
] as const;
const MOUNTS = ['/data', '/data/inner', '/data/inner/deep', '/srv'].map((destination, index) => ({
	type: 'volume' as const,
	source: `volume${index}`,
	destination,
	readOnly: false,
}));
const ENV = ['A=1', 'B=$A', 'C=', 'D=x=y'];
const SOURCES = ['192.0.2.0/24', '10.0.0.0/8', '2001:db8::/32', '192.0.2.128/25'];
const HOSTS = ['db 10.0.0.5', 'db 2001:db8::5', 'mail 10.0.0.6'].map((text) => {
	const [name = '', address = ''] = text.split(' ');
	return { name, address };
});
const SYSCTLS = { 'net.ipv4.ip_forward': '1', 'net.core.somaxconn': '64' };

interface Typed {
	readonly joinings: RunRequest['joinings'];
	readonly publicPorts: readonly (typeof PORTS)[number][];
	readonly mounts: readonly (typeof MOUNTS)[number][];
	readonly env: readonly string[];
	readonly publishFrom: readonly string[];
	readonly hosts: typeof HOSTS;
	readonly sysctls: Readonly<Record<string, string>>;
}

const IN_ORDER: Typed = {
	joinings: JOININGS,
	publicPorts: PORTS,
	mounts: MOUNTS,
	env: ENV,
	publishFrom: SOURCES,
	hosts: HOSTS,
	sysctls: SYSCTLS,
};

/** Parts of a container that was created and started like that, with names in place of its id and of its numbers. */
async function outcomeOf(driver: 'vnet' | 'ipnet', typed: Typed): Promise<unknown> {
	const { engine, host, store } = await startEngine();
	const eth0 = { name: 'eth0', type: '', up: true, mac: '', mtu: 1500, bridge: '', addresses: ['192.0.2.1/24'] };
	host.foreign.push(eth0);
	const names = new Map<string, string>();
	for (const config of NETWORKS) names.set((await engine.networks.create(config, EXECUTE)).id, config.name);
	const before = new Set(host.parts.keys());
	const { joinings, hosts, sysctls, ...lists } = typed;
	const how = { networkDriver: driver, restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
	const options = { hosts, ...(driver === 'vnet' ? { sysctls } : {}) };
	const container = {
		name: 'web',
		image: 'Base',
		user: '',
		cmd: ['/bin/true'],
		jailParam: [],
		...lists,
		...how,
		options,
	};
	const command = { cmd: [], user: '', env: [], tty: false, stdin: false };
	await engine.newContainers.run({ container, joinings, command }, { attach: false }, () => {});
	const [{ id } = { id: '' }] = store.containers.list();
	const endpoints = store.endpoints.ofContainer(id);
	const named = (text: string) => {
		let bare = text.replaceAll(id, 'ID');
		for (const [network, name] of names) bare = bare.replaceAll(network, name);
		for (const { networkId, epair, position } of endpoints)
			bare = bare
				.replaceAll(new RegExp(`epair${epair}a`, 'g'), `HOST-${names.get(networkId)}`)
				.replaceAll(new RegExp(`"unit":${epair}(?=[,}])`, 'g'), `"unit":"${names.get(networkId)}"`)
				.replaceAll(new RegExp(`epair${position}b`, 'g'), `INSIDE-${names.get(networkId)}`);
		return bare;
	};
	const parts = [...host.parts]
		.filter(([key]) => !before.has(key))
		.map(([, part]) => named(JSON.stringify(settled(part))));
	const joined = endpoints.map((one) => `${names.get(one.networkId)} ${addressesOf(one)} ${one.aliases}`);
	return { parts: parts.toSorted(), joined: joined.toSorted(), firsts: firsts([...host.parts.values()]) };
}

/** Lists in which the order says nothing are sorted; what is random is left out. */
function settled(part: Part): unknown {
	return JSON.parse(
		JSON.stringify(part, (key, value: unknown) => {
			if (['mac', 'layer', 'layers'].includes(key)) return undefined;
			if (key === 'sysctls') return Object.entries(value as object).toSorted();
			const isSet = ['env', 'hosts', 'from', 'names', 'servers', 'mounts'].includes(key) && Array.isArray(value);
			return isSet ? value.map((one) => JSON.stringify(one)).toSorted() : value;
		}),
	);
}

/** What comes first where the order does say something. */
function firsts(parts: readonly Part[]): unknown {
	return parts.flatMap((part) => {
		if (part.kind === 'name-servers') return [part.servers.filter((one) => !one.startsWith('fd'))[0]];
		if (part.kind !== 'sandbox') return [];
		const depths = part.mounts.map(({ destination }) => destination.split('/').length);
		const own = part.names?.filter(({ names }) => names.includes(part.container)) ?? [];
		return [depths, own.filter(({ address }) => address.includes('.'))[0]?.address];
	});
}

const shuffled = <T>(all: readonly T[]) => fc.shuffledSubarray([...all], { minLength: all.length });

for (const driver of ['vnet', 'ipnet'] as const)
	test(`the parts of an ${driver} container do not depend on the order of what was typed`, async () => {
		const expected = await outcomeOf(driver, IN_ORDER);
		const typed = fc.record({
			joinings: shuffled(JOININGS),
			publicPorts: shuffled(PORTS),
			mounts: shuffled(MOUNTS),
			env: shuffled(ENV),
			publishFrom: shuffled(SOURCES),
			hosts: shuffled(HOSTS),
			sysctls: shuffled(Object.entries(SYSCTLS)).map((pairs) => Object.fromEntries(pairs)),
		});
		const property = fc.asyncProperty(typed, async (one) => {
			assert.deepEqual(await outcomeOf(driver, one), expected);
		});
		await fc.assert(property, { numRuns: 20 });
	});

test('what is documented to depend on the order does: the first of two open networks, the later of two values', async () => {
	const second = { ...TESTNET_CONFIG, name: 'second', subnet: '10.4.7.0/24' };
	for (const order of [
		['testnet', 'second'],
		['second', 'testnet'],
	]) {
		const { engine, host } = await startEngine();
		for (const config of [TESTNET_CONFIG, second]) await engine.networks.create(config, EXECUTE);
		const joinings = order.map((network) => ({ network, ipAddress: '<auto>', ipAddress6: '' }));
		const lists = {
			cmd: ['/bin/true'],
			env: ['A=1', 'A=2'],
			mounts: [],
			jailParam: [],
			publicPorts: [],
			publishFrom: [],
		};
		const how = { networkDriver: 'vnet', restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
		const container = { name: 'web', image: 'Base', user: '', ...lists, ...how };
		const command = { cmd: [], user: '', env: [], tty: false, stdin: false };
		await engine.newContainers.run({ container, joinings, command }, { attach: false }, () => {});
		const parts = [...host.parts.values()];
		const routes = parts.flatMap((part) => (part.kind === 'inside-route' ? [part.gateway] : []));
		assert.deepEqual(routes, [order[0] === 'testnet' ? '10.4.6.1' : '10.4.7.1']);
		const text = JSON.stringify(parts);
		assert.ok(text.includes('"A=2"') && !text.includes('"A=1"'), 'the later value');
	}
});
