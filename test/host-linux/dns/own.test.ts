import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { listenForConnections } from '#os/linux/sockets.ts';
import { openDescriptors } from '#test/os/linux/namespaces.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { type Answered, byDatagram, byStream, dataOf, edns, question, tryDatagram } from './client.ts';
import { BACK, WEB, world } from './world.ts';

const reverse = (address: string) => `${address.split('.').reverse().join('.')}.in-addr.arpa`;
const reverse6 = '2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.4.0.0.0.0.d.f.ip6.arpa';

test('names are answered for each type, family and transport', async (t) => {
	const { resolver, route, route6 } = world(t);
	resolver.open('web', WEB);
	const expected: [name: string, type: string, data: string[]][] = [
		['www', 'A', ['10.4.6.2']],
		['WWW.Kleene', 'A', ['10.4.6.2']],
		['www.kleene.', 'AAAA', ['fd00:46::2']],
		['www', 'ANY', ['10.4.6.2', 'fd00:46::2']],
		['four', 'A', ['10.4.6.3']],
		['four', 'AAAA', []],
		['www', 'TXT', []],
		['nowhere', 'A', []],
		[reverse('10.4.6.2'), 'PTR', ['www.kleene']],
		[reverse6, 'PTR', ['www.kleene']],
	];
	const check = (answer: Answered | undefined, [name, type, data]: (typeof expected)[number]) => {
		assert.ok(answer, `${name} ${type}`);
		assert.deepEqual([answer.rcode, dataOf(answer)], ['NOERROR', data], `${name} ${type}`);
		assert.equal(answer.flag_aa, true);
		for (const record of answer.answers ?? []) assert.ok('ttl' in record && record.ttl! <= 5);
	};
	for (const way of [route, route6]) {
		for (const each of expected) check(await byDatagram(way, question(each[0], each[1])), each);
		const queries = expected.map(([name, type]) => question(name, type));
		const answers = await byStream(way, queries);
		assert.equal(answers.length, expected.length);
		for (const each of expected) check(answers[expected.indexOf(each)], each);
	}
});

test('the question comes back letter for letter, and the id with it', async (t) => {
	const { resolver, route } = world(t);
	resolver.open('web', WEB);
	const query = question('wWw.kLEENE', 'A');
	const answer = await byDatagram(route, query);
	assert.deepEqual(answer.bytes.subarray(12, query.length), query.subarray(12));
	assert.equal(answer.id, query.readUInt16BE(0));
});

test('a network does not know the names of another, nor answers its containers', async (t) => {
	const { resolver, route, fd: namespace } = world(t);
	resolver.open('web', WEB, { forward: false });
	resolver.open('back', BACK, { forward: false });
	const back = { namespace, from: '10.4.7.2', to: '10.4.7.1' };
	assert.deepEqual(dataOf(await byDatagram(back, question('database', 'A'))), ['10.4.7.2']);
	for (const name of ['database', 'database.kleene'])
		assert.equal((await byDatagram(route, question(name, 'A'))).rcode, 'NXDOMAIN');
	// The host takes packets for the gateway of one network also from another.
	const across = await byDatagram({ namespace, from: '10.4.6.2', to: '10.4.7.1' }, question('database', 'A'));
	assert.deepEqual([across.rcode, dataOf(across)], ['REFUSED', []]);
});

test('who asks is told to the lookup', async (t) => {
	const seen: unknown[] = [];
	const lookup = (...asked: unknown[]) => {
		seen.push(asked);
		return undefined;
	};
	const { resolver, route, route6 } = world(t, { lookup });
	resolver.open('web', WEB, { forward: false });
	await byDatagram(route, question('X.Kleene', 'A'));
	await byDatagram(route6, question('x', 'A'));
	assert.deepEqual(seen, [
		['web', 'x', '10.4.6.2'],
		['web', 'x', 'fd00:46::2'],
	]);
});

test('without forwarding other names do not exist, and what is no lookup is said to be none', async (t) => {
	const { resolver, route } = world(t);
	resolver.open('web', WEB, { forward: false });
	const other = await byDatagram(route, question('example.com', 'A'));
	assert.deepEqual([other.rcode, other.flag_ra, other.flag_aa], ['NXDOMAIN', false, false]);
	assert.equal((await byDatagram(route, question(reverse('192.0.2.1'), 'PTR'))).rcode, 'NXDOMAIN');
	assert.equal((await byDatagram(route, question('www', 'AXFR'))).rcode, 'REFUSED');
	assert.equal((await byDatagram(route, question('www', 'A', { flags: 2 << 11 }))).rcode, 'NOTIMP');
	const future = await byDatagram(route, question('www', 'A', edns(1232, 1)));
	assert.deepEqual(dataOf(future), []);
	assert.equal(future.additionals?.[0]?.type === 'OPT' && future.additionals[0].extendedRcode, 1);
});

test('a datagram holds what the client can take, and a stream the rest', async (t) => {
	const { resolver, route } = world(t);
	resolver.open('web', WEB);
	const plain = await byDatagram(route, question('many', 'A'));
	assert.ok(plain.flag_tc && plain.bytes.length <= 512 && plain.answers!.length >= 20, `${plain.bytes.length}`);
	assert.equal(plain.additionals?.length, 0);
	const larger = await byDatagram(route, question('many', 'A', edns(1232)));
	assert.ok(larger.flag_tc && larger.bytes.length <= 1232 && larger.answers!.length > 50);
	assert.equal(larger.additionals?.[0]?.type, 'OPT');
	const largest = await byDatagram(route, question('many', 'A', edns(4096)));
	assert.deepEqual([largest.flag_tc, largest.answers?.length], [false, 100]);
	const [whole] = await byStream(route, [question('many', 'A')]);
	assert.deepEqual([whole?.flag_tc, whole?.answers?.length], [false, 100]);
});

test('several addresses take turns', async (t) => {
	const { resolver, route } = world(t);
	resolver.open('web', WEB);
	const first = new Set<unknown>();
	for (let turn = 0; turn < 10; turn += 1) {
		const { answers } = await byDatagram(route, question('many', 'A', edns(4096)));
		first.add(answers?.[0] && 'data' in answers[0] && answers[0].data);
	}
	assert.equal(first.size, 10);
});

test('opening again keeps the sockets of addresses that stay', async (t) => {
	const { resolver, route, route6 } = world(t);
	resolver.open('web', WEB);
	const descriptors = openDescriptors();
	const connection = byStream(route, [question('www', 'A')]);
	resolver.open('web', [...WEB].reverse());
	assert.equal(openDescriptors() - descriptors, 1, 'nothing but the connection of the test');
	assert.equal((await connection).length, 1);
	resolver.open('web', [WEB[0]!], { forward: false });
	assert.equal((await byDatagram(route, question('example.com', 'A'))).rcode, 'NXDOMAIN');
	assert.equal(await tryDatagram({ ...route6, patience: 200 }, question('www', 'A')), undefined);
	resolver.open('web', WEB);
	assert.deepEqual(dataOf(await byDatagram(route6, question('www', 'AAAA'))), ['fd00:46::2']);
});

test('an address that goes and comes back finds its resolver waiting', async (t) => {
	const { resolver, route, net } = world(t);
	const lo = net.links.get('lo').index;
	net.addresses.remove(lo, WEB[0]!);
	resolver.open('web', WEB);
	net.addresses.add(lo, WEB[0]!);
	assert.equal((await byDatagram(route, question('www', 'A'))).rcode, 'NOERROR');
	net.addresses.remove(lo, WEB[0]!);
	net.addresses.add(lo, WEB[0]!);
	assert.equal((await byDatagram(route, question('www', 'A'))).rcode, 'NOERROR');
});

test('an address that another program has is refused, and nothing of the attempt stays', async (t) => {
	const { resolver, route, fd: namespace } = world(t);
	resolver.open('web', [WEB[0]!]);
	const other = createServer().listen({ fd: listenForConnections({ namespace, address: 'fd00:46::1', port: 53 }) });
	await once(other, 'listening');
	const descriptors = openDescriptors();
	assert.throws(() => resolver.open('web', WEB), {
		code: 'HOST_FAILED',
		message: /fd00:46::1 port 53: another program/,
	});
	assert.throws(() => resolver.open('back', [...BACK, 'fd00:46::1/64']), { code: 'HOST_FAILED' });
	await new Promise(setImmediate);
	assert.equal(openDescriptors(), descriptors);
	assert.equal((await byDatagram(route, question('www', 'A'))).rcode, 'NOERROR');
	other.close();
});

test('closing leaves no descriptor', async (t) => {
	const { resolver, route } = world(t);
	const descriptors = openDescriptors();
	resolver.open('web', WEB);
	resolver.open('back', BACK);
	await byDatagram(route, question('www', 'A'));
	resolver.close('web');
	assert.equal(await tryDatagram({ ...route, patience: 200 }, question('www', 'A')), undefined);
	resolver.closeAll();
	resolver.closeAll();
	await eventually('all is closed', () => openDescriptors() <= descriptors);
});

test('the sockets are in the namespace of the host, not in that of this process', (t) => {
	const { resolver, fd } = world(t);
	resolver.open('web', WEB);
	const place = { address: '10.4.6.1', port: 53 };
	assert.throws(() => listenForConnections({ ...place, namespace: fd }), { code: 'EADDRINUSE' });
	closeSync(listenForConnections({ ...place, namespace: undefined }));
});
