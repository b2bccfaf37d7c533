import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Forwarding } from '#host/linux/network/forwarding.ts';
import { conf4, conf6, HostSettings } from '#host/linux/network/sysctl.ts';
import { type Place, place } from '#test/os/linux/namespaces.ts';
import { advertiseRouter } from '#test/os/linux/packets.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { bridge, gateways, host, ipnet, make } from './containers.ts';

function withUplink(there: Place): { forwarding: Forwarding; settings: HostSettings } {
	there.net.links.createVeth({ name: 'eth1' }, { name: 'eth2' });
	const settings = new HostSettings(there.fd);
	return { settings, forwarding: new Forwarding(settings, there.net) };
}

for (const family of [4, 6] as const)
	test(`forwarding goes off with its last reason, IPv${family}`, (t) => {
		const { forwarding, settings } = withUplink(place(t));
		const flag = family === 4 ? conf4('eth1', 'forwarding') : conf6('eth1', 'force_forwarding');
		forwarding.allow('eth1', family, 'uplink');
		forwarding.allow('eth1', family, 'ipnet-address');
		forwarding.allow('eth1', family, 'ipnet-address');
		forwarding.release('eth1', family, 'ipnet-address');
		assert.equal(settings.read(flag), 1);
		forwarding.release('eth1', family, 'uplink');
		forwarding.release('eth1', family, 'uplink');
		assert.deepEqual([settings.read(flag), settings.read(conf4('eth1', 'tag'))], [0, 0]);
	});

test('an interface that the user made a router of stays one, and a tag of the user stays his', (t) => {
	const { forwarding, settings } = withUplink(place(t));
	settings.write([conf4('eth1', 'forwarding'), 1], [conf4('eth1', 'tag'), 7]);
	forwarding.allow('eth1', 4, 'uplink');
	forwarding.release('eth1', 4, 'uplink');
	assert.deepEqual([settings.read(conf4('eth1', 'forwarding')), settings.read(conf4('eth1', 'tag'))], [1, 7]);
});

/** @returns the number of default routes that the host has learned from the router, which is one by now */
async function learnRoute(t: TestContext, there: Place): Promise<() => number> {
	const router = place(t);
	there.net.links.createVeth({ name: 'eth1' }, { name: 'eth0', namespace: router.fd });
	there.net.links.set('eth1', { up: true });
	router.net.links.set('eth0', { up: true });
	const { index } = router.net.links.get('eth0');
	const learned = () => there.net.routes.list({ family: 6 }).filter(({ destination }) => destination === '::/0').length;
	await eventually('the route is learned', () => {
		try {
			advertiseRouter(router.fd, index);
		} catch {
			// The router has no usable address yet.
		}
		return learned() === 1;
	});
	return learned;
}

test('a default route that the host learned from its router is not lost to an IPv6 container', async (t) => {
	const there = host(t);
	const learned = await learnRoute(t, there);
	make(there, bridge, ...gateways, ...ipnet({ container: 'iii', unit: 3, addresses: ['fd00:4:6::4'] }));
	assert.equal(learned(), 1);
	const settings = new HostSettings(there.fd);
	assert.equal(settings.read(conf6('kleene0', 'forwarding')), 1);
	assert.equal(settings.read(conf6('all', 'forwarding')), 0);
	assert.equal(settings.read(conf6('eth1', 'accept_ra')), 1);
});

test('without such care the kernel forgets the route as soon as any interface becomes a router', async (t) => {
	const there = place(t);
	const learned = await learnRoute(t, there);
	new HostSettings(there.fd).write([conf6('lo', 'forwarding'), 1]);
	assert.equal(learned(), 0);
});
