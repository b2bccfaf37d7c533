import assert from 'node:assert/strict';
import test from 'node:test';
import { FreebsdNetwork } from '#host/freebsd/network/network.ts';
import type { InsideRoutePart } from '#model/parts/inside.ts';
import {
	CONTAINER,
	done,
	handlers,
	host,
	inner,
	inner6,
	ipnetAddress,
	refused,
	route,
	STORE,
} from '../network/network-steps.ts';
import { link } from '../network/stand-in.ts';

test('addresses and the default route inside, without a word to the user', async () => {
	await using there = await host((state) => {
		state.links.epair3b = link({ jail: CONTAINER });
	});
	assert.deepEqual(done(await there.run(handlers['inside-address'].make(inner, {}))), [
		`jexec ${CONTAINER} ifconfig epair3b inet 10.4.6.2/24 alias`,
	]);
	assert.deepEqual(done(await there.run(handlers['inside-address'].make(inner, {}))), []);
	assert.deepEqual(done(await there.run(handlers['inside-address'].make(inner6, {}))), [
		`jexec ${CONTAINER} ifconfig epair3b inet6 -ifdisabled no_dad fd00:4:6::2/64 alias`,
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
	const moved = { ...route, gateway: '10.4.6.254' };
	const replacing = { ...moved, replaces: route };
	const change = (gateway: string) => [`jexec ${CONTAINER} route -n change -inet default ${gateway}`];
	assert.deepEqual(done(await there.run(make(replacing))), change('10.4.6.254'));
	assert.deepEqual(done(await there.run(unmake(replacing))), change('10.4.6.1'), 'undone, the one before is back');
	assert.deepEqual(done(await there.run(unmake(replacing))), []);
	assert.deepEqual(done(await there.run(unmake(moved))), []);
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
	const newer = new FreebsdNetwork({ ifconfig: true, route: true }, STORE).handlers;
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

test('an ipnet address: on the interface and in the list of the jail, nobody else touched', async () => {
	await using there = await host((state) => {
		state.links.kleene1 = link({ group: 'lo', addresses: ['10.2.3.1/32', '10.2.3.77/32'] });
		state.jails[CONTAINER] = { vnet: false, ip4: [], ip6: [], gateways: {} };
		state.jails.ddddeeeeffff = { vnet: false, ip4: ['10.2.3.77'], ip6: [], gateways: {} };
	});
	const { make, unmake } = handlers['ipnet-address'];
	const second = { ...ipnetAddress, address: '10.2.3.70' };
	const first = { ...ipnetAddress, address: '10.2.3.99', first: true };
	const six = { ...ipnetAddress, address: 'fd00:2:3::7' };
	assert.deepEqual(done(await there.run(make(ipnetAddress, {}))), [
		'ifconfig kleene1 inet 10.2.3.7/32 alias',
		`jail -m name=${CONTAINER} ip4.addr=10.2.3.7`,
	]);
	assert.deepEqual(done(await there.run(make(ipnetAddress, {}))), []);
	assert.deepEqual(done(await there.run(make(second, {}))), [
		'ifconfig kleene1 inet 10.2.3.70/32 alias',
		`jail -m name=${CONTAINER} ip4.addr=10.2.3.7,10.2.3.70`,
	]);
	// The one that is spoken from comes to the front, whether it was in the list or not.
	const front = [`jail -m name=${CONTAINER} ip4.addr=10.2.3.99,10.2.3.7,10.2.3.70`];
	assert.deepEqual(done(await there.run(make(first, {}))).slice(1), front);
	assert.deepEqual(done(await there.run(make(first, {}))), []);
	there.state.jails[CONTAINER]!.ip4 = ['10.2.3.7', '10.2.3.70', '10.2.3.99'];
	assert.deepEqual(done(await there.run(make(first, {}))), front);
	assert.deepEqual(
		done(await there.run(unmake(first, {})))[0],
		`jail -m name=${CONTAINER} ip4.addr=10.2.3.7,10.2.3.70`,
	);
	assert.deepEqual(done(await there.run(make(six, {}))).slice(0, 1), ['ifconfig kleene1 inet6 fd00:2:3::7/128 alias']);
	assert.deepEqual(there.state.jails[CONTAINER]?.ip6, ['fd00:2:3::7']);
	assert.deepEqual(done(await there.run(unmake(ipnetAddress, {}))), [
		`jail -m name=${CONTAINER} ip4.addr=10.2.3.70`,
		'ifconfig kleene1 inet 10.2.3.7 -alias',
	]);
	assert.deepEqual(done(await there.run(unmake(ipnetAddress, {}))), []);
	assert.deepEqual(done(await there.run(unmake(second, {})))[0], `jail -m name=${CONTAINER} ip4.addr=`);
	assert.deepEqual(there.state.jails[CONTAINER]?.ip4, []);
	done(await there.run(unmake(six, {})));
	assert.deepEqual(there.state.links.kleene1?.addresses, ['10.2.3.1/32', '10.2.3.77/32']);
	assert.deepEqual(there.state.jails.ddddeeeeffff?.ip4, ['10.2.3.77']);
});

test('an ipnet address whose jail refuses or is gone, and an address that the host has with another mask', async () => {
	await using there = await host((state) => {
		state.links.kleene1 = link({ addresses: ['10.2.3.8/24'] });
		state.jails = {};
	});
	const { code, stderr } = await there.run(handlers['ipnet-address'].make(ipnetAddress, {}));
	assert.deepEqual([code, stderr], [1, `jls: jail "${CONTAINER}" not found\n`]);
	assert.deepEqual(there.state.links.kleene1?.addresses, ['10.2.3.8/24'], 'the address was taken back');
	const own = { ...ipnetAddress, address: '10.2.3.8' };
	refused(await there.run(handlers['ipnet-address'].make(own, {})), 'ADDRESS_TAKEN');
	assert.deepEqual(done(await there.run(handlers['ipnet-address'].unmake(own, {}))), []);
	{
		const { state } = there;
		state.links.kleene1!.addresses.push('10.2.3.9/32');
	}
	const leaked = { ...ipnetAddress, container: '', address: '10.2.3.9' };
	assert.deepEqual(done(await there.run(handlers['ipnet-address'].unmake(leaked, {}))), [
		'ifconfig kleene1 inet 10.2.3.9 -alias',
	]);
	assert.deepEqual(handlers['ipnet-address'].describe('unmake', leaked), ['ifconfig kleene1 inet 10.2.3.9 -alias']);
	assert.deepEqual(handlers['ipnet-address'].describe('unmake', { ...ipnetAddress, interface: '' }), [
		`jail -m name=${CONTAINER} ip4.addr=...`,
	]);
});

test('what no plan for this host has is refused', async () => {
	const limit = { kind: 'rate-limit', container: CONTAINER, unit: 3, inside: 'epair3b', rate: 1 } as const;
	assert.throws(() => handlers['rate-limit'].make(limit, {}), { code: 'UNSUPPORTED_HERE' });
});
