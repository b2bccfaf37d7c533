import assert from 'node:assert/strict';
import test from 'node:test';
import { FreebsdNetwork } from '#host/freebsd/network.ts';
import { parseRefusal } from '#host/freebsd/refusals.ts';
import type {
	AliasPart,
	BridgePortPart,
	EpairPart,
	InsideAddressPart,
	InsideRoutePart,
	InterfaceAddressPart,
	NetworkInterfacePart,
} from '#model/part.ts';
import { type Outcome, ScriptHost } from './scripts.ts';
import { emptyHost, link, type StandInState } from './stand-in.ts';

const CONTAINER = 'aaaabbbbcccc';
const MAC = '02:1d:c2:9b:8f:36';
const { handlers } = new FreebsdNetwork(13);

const bridge: NetworkInterfacePart = { kind: 'network-interface', interface: 'kleene0', type: 'bridge', mac: MAC };
const loopback: NetworkInterfacePart = { ...bridge, interface: 'kleene1', type: 'loopback' };
const cable: EpairPart = {
	kind: 'epair',
	container: CONTAINER,
	unit: 3,
	inside: 'epair3b',
	mac: '02:00:00:00:00:07',
	mtu: 1400,
	routed: false,
};
const port: BridgePortPart = {
	kind: 'bridge-port',
	bridge: 'kleene0',
	interface: 'epair3a',
	isolated: true,
	hairpin: true,
};
const gateway: InterfaceAddressPart = { kind: 'interface-address', interface: 'kleene0', address: '10.4.6.1/24' };
const gateway6: InterfaceAddressPart = { ...gateway, address: 'fd00:4:6::1/64' };
const inner: InsideAddressPart = {
	kind: 'inside-address',
	container: CONTAINER,
	interface: 'epair3b',
	address: '10.4.6.2/24',
};
const inner6: InsideAddressPart = { ...inner, address: 'fd00:4:6::2/64' };
const route: InsideRoutePart = {
	kind: 'inside-route',
	container: CONTAINER,
	interface: 'epair3b',
	family: 4,
	gateway: '10.4.6.1',
};
const alias: AliasPart = {
	kind: 'alias',
	container: CONTAINER,
	interface: 'kleene1',
	unit: -1,
	inside: 'kleene1',
	address: '10.2.3.7',
	subnet: '10.2.3.0/24',
	hostAddress: '',
};

const OURS = { description: `kleene:network ${MAC}`, group: 'bridge', ether: MAC };

async function host(how: (state: StandInState) => void = () => {}): Promise<ScriptHost> {
	const state = emptyHost();
	state.jails[CONTAINER] = { vnet: true, ip4: [], ip6: [], gateways: {} };
	how(state);
	return ScriptHost.open(state);
}

function done({ code, stdout, stderr, changes }: Outcome): readonly string[] {
	assert.equal(code, 0, `exit code ${code}: ${stderr}`);
	assert.equal(stdout, '', 'a script has nothing to say to the user');
	return changes;
}

function refused(outcome: Outcome, code: string): string {
	assert.equal(outcome.code, 1);
	const error = parseRefusal(outcome.stderr);
	assert.equal(error?.code, code, outcome.stderr);
	assert.deepEqual(outcome.changes, [], 'nothing was touched');
	return `${error?.what}: ${error?.why}`;
}

test('a bridge: made once, found the second time, gone the second time', async () => {
	await using there = await host();
	assert.deepEqual(done(await there.run(handlers['network-interface'].make(bridge, {}))), [
		`ifconfig bridge create description kleene:network ${MAC} name kleene0`,
		`ifconfig kleene0 ether ${MAC}`,
		'ifconfig kleene0 inet6 no_dad',
		'ifconfig kleene0 up',
	]);
	const { kleene0 } = there.state.links;
	assert.deepEqual([kleene0?.ether, kleene0?.up, kleene0?.description], [MAC, true, `kleene:network ${MAC}`]);
	const again = done(await there.run(handlers['network-interface'].make(bridge, {})));
	assert.deepEqual(again, ['ifconfig kleene0 inet6 no_dad', 'ifconfig kleene0 up']);
	assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), [
		'ifconfig kleene0 destroy',
	]);
	assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), []);
	assert.deepEqual(there.state.links, {});
});

test('a loopback interface has no MAC address, and an MTU when one is wanted', async () => {
	await using there = await host();
	assert.deepEqual(done(await there.run(handlers['network-interface'].make({ ...loopback, mtu: 9000 }, {}))), [
		`ifconfig lo create description kleene:network ${MAC} name kleene1`,
		'ifconfig kleene1 mtu 9000',
		'ifconfig kleene1 inet6 no_dad',
		'ifconfig kleene1 up',
	]);
	const other = await there.run(handlers['network-interface'].make({ ...loopback, mtu: 1300 }, {}));
	assert.match(refused(other, 'INTERFACE_TAKEN'), /has another MTU than 1300/);
});

test('an interface of somebody else is neither used nor destroyed', async () => {
	await using there = await host((state) => {
		state.links.kleene0 = link({ group: 'bridge', description: "the admin's" });
	});
	const said = refused(await there.run(handlers['network-interface'].make(bridge, {})), 'INTERFACE_TAKEN');
	assert.equal(
		said,
		'cannot set up bridge interface kleene0: interface kleene0 is there already and is not the one of this network',
	);
	assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), []);
	const foreign = { ...OURS, description: `kleene:network ${MAC.replace('36', '37')}` };
	{
		const { state } = there;
		state.links.kleene0 = link(foreign);
	}
	refused(await there.run(handlers['network-interface'].make(bridge, {})), 'INTERFACE_TAKEN');
	assert.ok(there.state.links.kleene0);
});

test('a name that is taken in the same moment leaves no clone behind', async () => {
	await using there = await host((state) => {
		state.snatched = 'kleene0';
	});
	const { code, stderr } = await there.run(handlers['network-interface'].make(bridge, {}));
	assert.equal(code, 1);
	assert.match(stderr, /SIOCSIFNAME \(set name\): File exists/);
	assert.deepEqual(Object.keys(there.state.links), ['kleene0']);
	assert.equal(there.state.links.kleene0?.group, 'tap');
});

test('a failing make takes back what it made, and leaves what was there', async () => {
	await using there = await host((state) => {
		state.failing = ['ifconfig kleene0 up', 'ifconfig epair3a up'];
	});
	assert.equal((await there.run(handlers['network-interface'].make(bridge, {}))).code, 1);
	assert.equal((await there.run(handlers.epair.make(cable, {}))).code, 1);
	assert.deepEqual(there.state.links, {});
	{
		const { state } = there;
		state.links.kleene0 = link(OURS);
	}
	assert.equal((await there.run(handlers['network-interface'].make(bridge, {}))).code, 1);
	assert.ok(there.state.links.kleene0);
});

test('a bridge with members is not destroyed, and they are named', async () => {
	await using there = await host((state) => {
		state.links.kleene0 = link({ ...OURS, members: { epair3a: false, tap0: false } });
	});
	const said = refused(await there.run(handlers['network-interface'].unmake(bridge, {})), 'IN_USE');
	assert.match(said, /it has members: epair3a tap0$/);
	assert.ok(there.state.links.kleene0);
});

test('a gateway address, and forwarding that is switched on once', async () => {
	await using there = await host((state) => {
		state.links.kleene0 = link(OURS);
	});
	const { make, unmake } = handlers['interface-address'];
	assert.deepEqual(done(await there.run(make(gateway, {}))), [
		'ifconfig kleene0 inet 10.4.6.1/24 alias',
		'sysctl net.inet.ip.forwarding=1',
	]);
	assert.deepEqual(done(await there.run(make(gateway, {}))), []);
	assert.deepEqual(done(await there.run(make(gateway6, {}))), [
		'ifconfig kleene0 inet6 fd00:4:6::1/64 alias',
		'sysctl net.inet6.ip6.forwarding=1',
	]);
	assert.deepEqual(done(await there.run(make(gateway6, {}))), []);
	assert.match(
		refused(await there.run(make({ ...gateway, address: '10.4.6.1/16' }, {})), 'ADDRESS_TAKEN'),
		/another prefix/,
	);
	assert.deepEqual(done(await there.run(unmake(gateway, {}))), ['ifconfig kleene0 inet 10.4.6.1 -alias']);
	assert.deepEqual(done(await there.run(unmake(gateway, {}))), []);
	assert.deepEqual(there.state.links.kleene0?.addresses, ['fd00:4:6::1/64']);
	assert.match(
		refused(await there.run(make({ ...gateway, interface: 'kleene9' }, {})), 'NO_SUCH_INTERFACE'),
		/kleene9/,
	);
});

test('a host that has its IPv6 routers from announcements goes on listening to them', async () => {
	await using there = await host((state) => {
		state.links.kleene0 = link(OURS);
		state.links.vtnet0 = link({ nd6: ['ACCEPT_RTADV'] });
	});
	assert.deepEqual(done(await there.run(handlers['interface-address'].make(gateway6, {}))).slice(1), [
		'sysctl net.inet6.ip6.rfc6204w3=1',
		'sysctl net.inet6.ip6.forwarding=1',
	]);
});

test('a cable: both ends, the inner one moved in, once; given back and gone', async () => {
	await using there = await host();
	assert.deepEqual(done(await there.run(handlers.epair.make(cable, {}))), [
		`ifconfig epair3 create description kleene:${CONTAINER}`,
		'ifconfig epair3a ether 06:00:00:00:00:07',
		'ifconfig epair3a mtu 1400',
		'ifconfig epair3b ether 02:00:00:00:00:07',
		'ifconfig epair3b mtu 1400',
		`ifconfig epair3b vnet ${CONTAINER}`,
		`jexec ${CONTAINER} ifconfig epair3b up`,
		'ifconfig epair3a up',
	]);
	const inside = there.state.links.epair3b;
	assert.deepEqual([inside?.jail, inside?.up, inside?.ether], [CONTAINER, true, '02:00:00:00:00:07']);
	const again = done(await there.run(handlers.epair.make(cable, {})));
	assert.deepEqual(again, [`jexec ${CONTAINER} ifconfig epair3b up`, 'ifconfig epair3a up']);
	assert.deepEqual(done(await there.run(handlers.epair.unmake(cable, {}))), [
		`ifconfig epair3b -vnet ${CONTAINER}`,
		'ifconfig epair3a destroy',
	]);
	assert.deepEqual(done(await there.run(handlers.epair.unmake(cable, {}))), []);
	assert.deepEqual(there.state.links, {});
});

test('a cable that was cut short is finished, and one whose jail is gone is still taken away', async () => {
	await using there = await host((state) => {
		state.links.epair3a = link({ description: `kleene:${CONTAINER}`, mtu: 1400 });
		state.links.epair3b = link({});
	});
	const { mtu: _, ...plain } = cable;
	assert.deepEqual(done(await there.run(handlers.epair.make(plain, {}))), [
		'ifconfig epair3b ether 02:00:00:00:00:07',
		`ifconfig epair3b vnet ${CONTAINER}`,
		`jexec ${CONTAINER} ifconfig epair3b up`,
		'ifconfig epair3a up',
	]);
	{
		const { state } = there;
		state.jails = {};
		state.links.epair3b!.jail = '';
	}
	assert.deepEqual(done(await there.run(handlers.epair.unmake(cable, {}))), ['ifconfig epair3a destroy']);
});

test('a cable of somebody else is left alone; a leaked one needs no container', async () => {
	await using there = await host((state) => {
		state.links.epair3a = link({ description: '' });
		state.links.epair4a = link({ description: 'kleene:ddddeeeeffff' });
	});
	assert.match(refused(await there.run(handlers.epair.make(cable, {})), 'INTERFACE_TAKEN'), /epair3a is there already/);
	assert.deepEqual(done(await there.run(handlers.epair.unmake(cable, {}))), []);
	const leaked = { ...cable, container: '' };
	assert.deepEqual(done(await there.run(handlers.epair.unmake(leaked, {}))), []);
	assert.deepEqual(done(await there.run(handlers.epair.unmake({ ...cable, unit: 4 }, {}))), []);
	assert.deepEqual(done(await there.run(handlers.epair.unmake({ ...leaked, unit: 4 }, {}))), [
		'ifconfig epair4a destroy',
	]);
	assert.deepEqual(Object.keys(there.state.links), ['epair3a']);
});

test('membership in a bridge: looked at first, private when isolated', async () => {
	await using there = await host((state) => {
		state.links.kleene0 = link(OURS);
		state.links.epair3a = link({});
	});
	const { make, unmake } = handlers['bridge-port'];
	assert.deepEqual(done(await there.run(make(port, {}))), [
		'ifconfig kleene0 addm epair3a',
		'ifconfig kleene0 private epair3a',
	]);
	assert.deepEqual(done(await there.run(make({ ...port, isolated: false }, {}))), [
		'ifconfig kleene0 -private epair3a',
	]);
	assert.deepEqual(done(await there.run(unmake(port, {}))), ['ifconfig kleene0 deletem epair3a']);
	assert.deepEqual(done(await there.run(unmake(port, {}))), []);
	assert.deepEqual(done(await there.run(unmake({ ...port, bridge: 'kleene9' }, {}))), []);
	refused(await there.run(make({ ...port, bridge: 'kleene9' }, {})), 'NO_SUCH_INTERFACE');
});

test('addresses and the default route inside, without a word to the user', async () => {
	await using there = await host((state) => {
		state.links.epair3b = link({ jail: CONTAINER });
	});
	assert.deepEqual(done(await there.run(handlers['inside-address'].make(inner, {}))), [
		`jexec ${CONTAINER} ifconfig epair3b inet 10.4.6.2/24 alias`,
	]);
	assert.deepEqual(done(await there.run(handlers['inside-address'].make(inner, {}))), []);
	assert.deepEqual(done(await there.run(handlers['inside-address'].make(inner6, {}))), [
		`jexec ${CONTAINER} ifconfig epair3b inet6 -ifdisabled`,
		`jexec ${CONTAINER} ifconfig epair3b inet6 no_dad`,
		`jexec ${CONTAINER} ifconfig epair3b inet6 fd00:4:6::2/64 alias`,
	]);
	const make = (part: InsideRoutePart) => handlers['inside-route'].make(part, {});
	const unmake = (part: InsideRoutePart) => handlers['inside-route'].unmake(part, {});
	assert.deepEqual(done(await there.run(make(route))), [`jexec ${CONTAINER} route -n add -inet default 10.4.6.1`]);
	assert.deepEqual(done(await there.run(make(route))), []);
	assert.deepEqual(done(await there.run(make({ ...route, family: 6, gateway: 'fd00:4:6::1' }))), [
		`jexec ${CONTAINER} route -n add -inet6 default fd00:4:6::1`,
	]);
	const other = refused(await there.run(make({ ...route, gateway: '10.4.6.254' })), 'HOST_FAILED');
	assert.match(other, /has a default route over 10\.4\.6\.1 already/);
	assert.deepEqual(done(await there.run(unmake({ ...route, gateway: '10.4.6.254' }))), []);
	assert.deepEqual(done(await there.run(unmake(route))), [`jexec ${CONTAINER} route -n delete -inet default 10.4.6.1`]);
	assert.deepEqual(done(await there.run(unmake(route))), []);
	assert.deepEqual(done(await there.run(handlers['inside-address'].unmake(inner, {}))), [
		`jexec ${CONTAINER} ifconfig epair3b inet 10.4.6.2 -alias`,
	]);
	assert.deepEqual(done(await there.run(handlers['inside-address'].unmake(inner, {}))), []);
	assert.deepEqual(there.state.links.epair3b?.addresses, ['fd00:4:6::2/64']);
});

test('what is inside a jail that is gone is gone, and cannot be made', async () => {
	await using there = await host((state) => {
		state.jails = {};
	});
	assert.deepEqual(done(await there.run(handlers['inside-address'].unmake(inner, {}))), []);
	assert.deepEqual(done(await there.run(handlers['inside-route'].unmake(route, {}))), []);
	assert.match(
		(await there.run(handlers['inside-address'].make(inner, {}))).stderr,
		/jexec: jail "aaaabbbbcccc" not found/,
	);
	assert.match(
		(await there.run(handlers['inside-route'].make(route, {}))).stderr,
		/jexec: jail "aaaabbbbcccc" not found/,
	);
});

test('from FreeBSD 14 on the tools of the host reach into a jail', async () => {
	const newer = new FreebsdNetwork(14).handlers;
	await using there = await host((state) => {
		state.links.epair3b = link({ jail: CONTAINER });
	});
	const all = [newer['inside-address'].make(inner, {}), newer['inside-route'].make(route, {})];
	const calls: string[] = [];
	for (const script of all) calls.push(...done(await there.run(script)));
	assert.deepEqual(
		calls.filter((call) => !call.includes(' -f ') && !call.includes(' get ')),
		[`ifconfig -j ${CONTAINER} epair3b inet 10.4.6.2/24 alias`, `route -j ${CONTAINER} -n add -inet default 10.4.6.1`],
	);
});

test('an alias: on the interface and in the list of the jail, nobody else touched', async () => {
	await using there = await host((state) => {
		state.links.kleene1 = link({ group: 'lo', addresses: ['10.2.3.1/32', '10.2.3.77/32'] });
		state.jails[CONTAINER] = { vnet: false, ip4: [], ip6: [], gateways: {} };
		state.jails.ddddeeeeffff = { vnet: false, ip4: ['10.2.3.77'], ip6: [], gateways: {} };
	});
	const { make, unmake } = handlers.alias;
	const second = { ...alias, address: '10.2.3.70' };
	const six = { ...alias, address: 'fd00:2:3::7' };
	assert.deepEqual(done(await there.run(make(alias, {}))), [
		'ifconfig kleene1 inet 10.2.3.7/32 alias',
		`jail -m name=${CONTAINER} ip4.addr=10.2.3.7`,
	]);
	assert.deepEqual(done(await there.run(make(alias, {}))), []);
	assert.deepEqual(done(await there.run(make(second, {}))), [
		'ifconfig kleene1 inet 10.2.3.70/32 alias',
		`jail -m name=${CONTAINER} ip4.addr=10.2.3.7,10.2.3.70`,
	]);
	assert.deepEqual(done(await there.run(make(six, {}))).slice(0, 1), ['ifconfig kleene1 inet6 fd00:2:3::7/128 alias']);
	assert.deepEqual(there.state.jails[CONTAINER]?.ip6, ['fd00:2:3::7']);
	assert.deepEqual(done(await there.run(unmake(alias, {}))), [
		`jail -m name=${CONTAINER} ip4.addr=10.2.3.70`,
		'ifconfig kleene1 inet 10.2.3.7 -alias',
	]);
	assert.deepEqual(done(await there.run(unmake(alias, {}))), []);
	assert.deepEqual(done(await there.run(unmake(second, {})))[0], `jail -m name=${CONTAINER} ip4=disable`);
	done(await there.run(unmake(six, {})));
	assert.deepEqual(there.state.links.kleene1?.addresses, ['10.2.3.1/32', '10.2.3.77/32']);
	assert.deepEqual(there.state.jails.ddddeeeeffff?.ip4, ['10.2.3.77']);
});

test('an alias whose jail refuses or is gone, and an address that the host has with another mask', async () => {
	await using there = await host((state) => {
		state.links.kleene1 = link({ addresses: ['10.2.3.8/24'] });
		state.jails = {};
	});
	const { code, stderr } = await there.run(handlers.alias.make(alias, {}));
	assert.deepEqual([code, stderr], [1, `jls: jail "${CONTAINER}" not found\n`]);
	assert.deepEqual(there.state.links.kleene1?.addresses, ['10.2.3.8/24'], 'the alias was taken back');
	const own = { ...alias, address: '10.2.3.8' };
	refused(await there.run(handlers.alias.make(own, {})), 'ADDRESS_TAKEN');
	assert.deepEqual(done(await there.run(handlers.alias.unmake(own, {}))), []);
	{
		const { state } = there;
		state.links.kleene1!.addresses.push('10.2.3.9/32');
	}
	const leaked = { ...alias, container: '', address: '10.2.3.9' };
	assert.deepEqual(done(await there.run(handlers.alias.unmake(leaked, {}))), ['ifconfig kleene1 inet 10.2.3.9 -alias']);
});

test('what no plan for this host has is refused', async () => {
	const limit = { kind: 'rate-limit', container: CONTAINER, unit: 3, inside: 'epair3b', rate: 1 } as const;
	assert.throws(() => handlers['rate-limit'].make(limit, {}), { code: 'UNSUPPORTED_HERE' });
});
