/** IPv6 alone and beside IPv4: who is seen by whom under which address. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	await land.outside.route('fd00:4::/32');
});
after(() => land.close());
afterEach(() => land.clear());

for (const driver of ['vnet', 'ipnet'])
	test(`an ${driver} container with nothing but IPv6 reaches everything that IPv6 reaches`, async () => {
		await land.network('-t', 'bridge', '--subnet6', 'fd00:4:6::/64', 'six');
		const one = await land.member('one', '-l', driver, '-n', 'six', '--ip6', 'fd00:4:6::11', '-p', '8080:80');
		const two = await land.member('two', '-l', 'vnet', '-n', 'six', '--ip6', 'fd00:4:6::12');
		const three = await land.member('three', '-l', 'ipnet', '-n', 'six', '--ip6', 'fd00:4:6::13');
		assert.equal(await outputOf([...one.place, 'ip', '-4', 'address', 'show', 'scope', 'global']), '');
		for (const [name, place] of [
			['one', one.place],
			['two', two.place],
			['three', three.place],
			['host', land.hostPlace],
			['outside', land.outside.place],
		] as const)
			await land.listen(place, name, 'tcp/80', 'udp/80');
		const addresses = ['fd00:4:6::12', 'fd00:4:6::13', 'fd00:4:6::1', FAR.address6];
		const questions = addresses.flatMap((address) =>
			(['tcp', 'udp'] as const).map((protocol) => ({ protocol, address, port: 80 })),
		);
		const names = ['two', 'three', 'host', 'outside'];
		const expected = names.flatMap((name) => Array(2).fill(`${name} sees fd00:4:6::11`));
		assert.deepEqual(await land.ask(one.place, ...questions), expected, 'without translation');
		const question = { address: 'fd00:4:6::11', port: 80 };
		assert.deepEqual(await land.ask(two.place, question), ['one sees fd00:4:6::12']);
		assert.deepEqual(await land.ask(three.place, question), ['one sees fd00:4:6::13']);
		assert.deepEqual(await land.ask(land.hostPlace, question), ['one sees fd00:4:6::1']);
		const published = { address: UPLINK.host6, port: 8080 };
		assert.deepEqual(await land.ask(land.outside.place, published), [`one sees ${FAR.address6}`]);
		assert.match((await land.ask(one.place, published))[0] ?? '', /^one sees /);
		const [other] = await land.ask(land.outside.place, { address: UPLINK.host, port: 8080 });
		assert.equal(other, 'ECONNREFUSED', 'nothing is published where the container has no address');
	});

test('of two families only IPv4 is translated, and only when it is to be', async () => {
	const both = ['--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64'];
	await land.listen(land.outside.place, 'outside', 'tcp/90');
	await land.outside.route('10.4.6.0/24');
	const questions = [FAR.address, FAR.address6].map((address) => ({ address, port: 90 }));
	for (const [options, seen] of [
		[[], UPLINK.host],
		[['--no-nat'], '10.4.6.11'],
		[['--nat-if', UPLINK.interface], UPLINK.host],
	] as const) {
		await land.network('-t', 'bridge', ...both, ...options, 'both');
		for (const driver of ['vnet', 'ipnet']) {
			const { place } = await land.member(
				'one',
				'-l',
				driver,
				'-n',
				'both',
				'--ip',
				'10.4.6.11',
				'--ip6',
				'fd00:4:6::11',
			);
			const expected = [`outside sees ${seen}`, 'outside sees fd00:4:6::11'];
			assert.deepEqual(await land.ask(place, ...questions), expected, `${driver} ${options}`);
			await land.host.removeEverything();
			if (driver === 'vnet') await land.network('-t', 'bridge', ...both, ...options, 'both');
		}
	}
});
