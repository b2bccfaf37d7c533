import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Epairs } from '#host/linux/network/endpoints.ts';
import { HostSettings } from '#host/linux/network/sysctl.ts';
import { Stacks } from '#host/linux/sandbox/stacks.ts';
import { place } from '#test/os/linux/namespaces.ts';

test('a container that gives itself hundreds of addresses does not hold up its end', async (t) => {
	const host = place(t);
	const stacks = new Stacks();
	t.after(() => stacks.close());
	const forgotten: string[] = [];
	const conversations = {
		async forget(...addresses: readonly string[]) {
			forgotten.push(...addresses);
		},
	};
	const epairs = new Epairs({ net: host.net, settings: new HostSettings(host.fd), stacks, conversations });
	const container = 'aaaaaaaaaaaa';
	await stacks.make({ kind: 'stack', container });
	const part = {
		kind: 'epair',
		container,
		unit: 0,
		inside: 'epair0b',
		mac: '02:00:00:00:00:02',
		routed: false,
	} as const;
	epairs.make({ ...part, linkLocal: false });
	stacks.enter(container, (inner) => {
		const { index } = inner.links.get('epair0b');
		inner.addresses.add(index, '10.4.6.2/24');
		for (let count = 0; count < 500; count += 1) inner.addresses.add(index, `10.77.${count >> 8}.${count & 255}/32`);
		inner.addresses.add(index, 'fd00::2/64');
	});
	await epairs.unmake({ ...part, linkLocal: false });
	assert.equal(forgotten.length, 33);
	assert.ok(forgotten.includes('10.4.6.2/24') && forgotten.includes('fd00::2/64'));
	assert.equal(host.net.links.find('epair0a'), undefined);
});
