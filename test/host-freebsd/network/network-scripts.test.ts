import assert from 'node:assert/strict';
import test from 'node:test';
import {
	bridge,
	CONTAINER,
	cable,
	done,
	gateway,
	gateway6,
	handlers,
	host,
	loopback,
	MAC,
	OURS,
	port,
	refused,
	STORE,
} from './network-steps.ts';
import { link } from './stand-in.ts';

test('a bridge: made once, found the second time, gone the second time', async () => {
	await using there = await host();
	assert.deepEqual(done(await there.run(handlers['network-interface'].make(bridge, {}))), [
		`ifconfig bridge create ether ${MAC} description kleene:network ${MAC} of ${STORE} name kleene0 up`,
	]);
	const { kleene0 } = there.state.links;
	assert.deepEqual(
		[kleene0?.ether, kleene0?.up, kleene0?.description],
		[MAC, true, `kleene:network ${MAC} of ${STORE}`],
	);
	const again = done(await there.run(handlers['network-interface'].make(bridge, {})));
	assert.deepEqual(again, ['ifconfig kleene0 up']);
	assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), [
		'ifconfig kleene0 destroy',
	]);
	assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), []);
	assert.deepEqual(there.state.links, {});
});

test('a loopback interface has no MAC address, and an MTU when one is wanted', async () => {
	await using there = await host();
	assert.deepEqual(done(await there.run(handlers['network-interface'].make({ ...loopback, mtu: 9000 }, {}))), [
		`ifconfig lo create description kleene:network ${MAC} of ${STORE} name kleene1 mtu 9000 up`,
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
		'cannot set up bridge interface kleene0: interface kleene0 already exists and is not the one of this network',
	);
	assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), []);
	// Of another network, and of another kleened that has the same one.
	for (const mark of [`kleene:network ${MAC.replace('36', '37')} of ${STORE}`, `kleene:network ${MAC} of deadbeef`]) {
		const { state } = there;
		state.links.kleene0 = link({ ...OURS, description: mark });
		refused(await there.run(handlers['network-interface'].make(bridge, {})), 'INTERFACE_TAKEN');
		assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), [], mark);
		assert.ok(there.state.links.kleene0);
	}
	there.state.links.kleene0 = link({ ...OURS, description: `kleene:network ${MAC}` });
	done(await there.run(handlers['network-interface'].make(bridge, {})));
	assert.deepEqual(done(await there.run(handlers['network-interface'].unmake(bridge, {}))), [
		'ifconfig kleene0 destroy',
	]);
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
		state.failing = ['ifconfig kleene0 up', 'jexec'];
		state.failingWords = ['mtu'];
	});
	assert.equal((await there.run(handlers['network-interface'].make({ ...bridge, mtu: 9000 }, {}))).code, 1);
	assert.equal((await there.run(handlers.epair.make(cable, {}))).code, 1);
	assert.deepEqual(there.state.links, {});
	const { mtu: _, ...plain } = cable;
	assert.equal((await there.run(handlers.epair.make(plain, {}))).code, 1);
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
	assert.deepEqual(done(await there.run(make(gateway, {}))), ['sysctl net.inet.ip.forwarding=1']);
	assert.deepEqual(done(await there.run(make(gateway6, {}))), [
		'ifconfig kleene0 inet6 no_dad fd00:4:6::1/64 alias',
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
		`ifconfig epair3 create ether 06:00:00:00:00:07 description kleene:${CONTAINER} of ${STORE} mtu 1400 up`,
		`ifconfig epair3b mtu 1400 vnet ${CONTAINER}`,
		`jexec ${CONTAINER} ifconfig epair3b ether 02:00:00:00:00:07 up`,
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
		`ifconfig epair3b vnet ${CONTAINER}`,
		`jexec ${CONTAINER} ifconfig epair3b ether 02:00:00:00:00:07 up`,
		'ifconfig epair3a up',
	]);
	{
		const { state } = there;
		state.jails = {};
		state.links.epair3b!.jail = '';
	}
	assert.deepEqual(done(await there.run(handlers.epair.unmake(cable, {}))), [
		`ifconfig epair3b -vnet ${CONTAINER}`,
		'ifconfig epair3a destroy',
	]);
	assert.deepEqual(there.state.links, {});
});

test('a cable of somebody else is left alone; a leaked one needs no container', async () => {
	await using there = await host((state) => {
		state.links.epair3a = link({ description: '' });
		state.links.epair4a = link({ description: `kleene:ddddeeeeffff of ${STORE}` });
		state.links.epair5a = link({ description: 'kleene:ddddeeeeffff of deadbeef' });
		state.links.epair6a = link({ description: 'kleene:ddddeeeeffff' });
	});
	assert.match(refused(await there.run(handlers.epair.make(cable, {})), 'INTERFACE_TAKEN'), /epair3a already exists/);
	assert.deepEqual(done(await there.run(handlers.epair.unmake(cable, {}))), []);
	const leaked = { ...cable, container: '' };
	assert.deepEqual(done(await there.run(handlers.epair.unmake(leaked, {}))), []);
	assert.deepEqual(done(await there.run(handlers.epair.unmake({ ...cable, unit: 4 }, {}))), []);
	assert.deepEqual(done(await there.run(handlers.epair.unmake({ ...leaked, unit: 4 }, {}))), [
		'ifconfig epair4a destroy',
	]);
	// Those of another kleened, and of one that is not known.
	for (const unit of [5, 6])
		assert.deepEqual(done(await there.run(handlers.epair.unmake({ ...leaked, unit }, {}))), []);
	assert.deepEqual(Object.keys(there.state.links), ['epair3a', 'epair5a', 'epair6a']);
	assert.deepEqual(handlers.epair.describe('unmake', leaked), ['ifconfig epair3a destroy']);
});

test('membership in a bridge: looked at first, private when isolated', async () => {
	await using there = await host((state) => {
		state.links.kleene0 = link(OURS);
		state.links.epair3a = link({});
	});
	const { make, unmake } = handlers['bridge-port'];
	assert.deepEqual(done(await there.run(make(port, {}))), ['ifconfig kleene0 addm epair3a private epair3a']);
	assert.deepEqual(done(await there.run(make({ ...port, isolated: false }, {}))), [
		'ifconfig kleene0 -private epair3a',
	]);
	assert.deepEqual(done(await there.run(unmake(port, {}))), ['ifconfig kleene0 deletem epair3a']);
	assert.deepEqual(done(await there.run(unmake(port, {}))), []);
	assert.deepEqual(done(await there.run(unmake({ ...port, bridge: 'kleene9' }, {}))), []);
	refused(await there.run(make({ ...port, bridge: 'kleene9' }, {})), 'NO_SUCH_INTERFACE');
});
