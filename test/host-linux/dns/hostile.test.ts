import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeReply } from '#host/linux/dns/answer.ts';
import { MessageReader } from '#host/linux/dns/frames.ts';
import { isAnswerTo, parseQuery } from '#host/linux/dns/query.ts';
import { fixedUpstreams } from '#host/linux/dns/upstreams.ts';
import { bindDatagrams } from '#os/linux/sockets.ts';
import { processorTime } from '#test/testbed/processor-time.ts';
import { byDatagram, byStream, dataOf, edns, question, understand } from './client.ts';
import { nameServer, WEB, world } from './world.ts';

/** Random bytes, real questions with bytes changed, and questions with a record of any type behind them. */
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const changed = fc
	.tuple(
		fc.constantFrom('www', 'www.kleene', 'example.com', '2.6.4.10.in-addr.arpa', '.'),
		fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 }),
		fc.nat(60),
	)
	.map(([name, changes, cut]) => {
		const packet = question(name, 'A', edns(1232));
		for (const [at, value] of changes) if (at < packet.length) packet[at] = value;
		return packet.subarray(0, packet.length - Math.min(cut, 5));
	});
const additional = fc
	.tuple(fc.nat(260), fc.uint8Array({ maxLength: 60 }), fc.option(fc.nat(0xffff)))
	.map(([type, data, lie]) => {
		const head = question('www', 'A');
		head.writeUInt16BE(1, 10);
		const record = Buffer.alloc(11);
		record.writeUInt16BE(type, 1);
		record.writeUInt16BE(lie ?? data.length, 9);
		return Buffer.concat([head, record, data]);
	});
/** Names as nobody writes them: pointers to anywhere, also to themselves, labels of any bytes, too many and too long ones. */
const label = fc.oneof(
	fc.uint8Array({ minLength: 1, maxLength: 63 }).map((data) => Buffer.concat([Buffer.of(data.length), data])),
	fc
		.constantFrom('kleene', 'a'.repeat(63), '\0', '\n', '.', 'WWW')
		.map((text) => Buffer.from([text.length, ...Buffer.from(text)])),
);
const end = fc.oneof(
	fc.constant(Buffer.of(0)),
	fc.nat(0x3fff).map((place) => Buffer.of(0xc0 | (place >> 8), place & 255)),
	fc.constantFrom(
		Buffer.of(0xc0, 12),
		Buffer.of(0xc0),
		Buffer.of(0x40),
		Buffer.of(0x80),
		Buffer.of(64),
		Buffer.alloc(0),
	),
);
const named = fc.tuple(fc.array(label, { maxLength: 140 }), end).map(([labels, last]) => {
	const head = question('www', 'A').subarray(0, 12);
	return Buffer.concat([head, ...labels, last, Buffer.of(0, 1, 0, 1)]);
});
const hostile = fc.oneof(bytes, changed, additional, named);

test('no packet makes the parser throw, and what it takes can be answered', () => {
	fc.assert(
		fc.property(hostile, fc.integer({ min: 512, max: 4096 }), (packet, limit) => {
			const query = parseQuery(packet);
			if (!query) return;
			const answer = encodeReply(query, { code: 3, limit });
			assert.ok(answer.length <= limit);
			assert.equal(isAnswerTo(packet, answer), true);
			understand(answer);
		}),
		{ numRuns: 20_000 },
	);
});

test('no packet takes long to refuse', () => {
	const pointers = Buffer.alloc(4096, 0xc0);
	question('www', 'A').copy(pointers);
	for (const counts of [
		[1, 0, 0, 0xffff],
		[0xffff, 0xffff, 0xffff, 0xffff],
		[1, 0, 0, 2],
	]) {
		for (const [index, count] of counts.entries()) pointers.writeUInt16BE(count, 4 + 2 * index);
		const took = processorTime(() => {
			for (let turn = 0; turn < 100; turn += 1) parseQuery(pointers);
		});
		assert.ok(took < 200, `${took} ms`);
	}
});

test('a stream is cut into the same messages however it arrives', () => {
	const messages = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 8 });
	fc.assert(
		fc.property(messages, fc.array(fc.nat(3000), { maxLength: 30 }), (sent, cuts) => {
			const framed = sent.flatMap((message) => [Buffer.of(message.length >> 8, message.length & 255), message]);
			const stream = Buffer.concat(framed);
			const places = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length];
			const reader = new MessageReader();
			const read = places.flatMap((place, index) => reader.read(stream.subarray(places[index - 1] ?? 0, place)));
			assert.deepEqual(
				read.map((message) => message.toString('hex')),
				sent.map((message) => Buffer.from(message).toString('hex')),
			);
		}),
	);
});

test('a resolver that is sent anything goes on answering and has nothing to complain about', async (t) => {
	const server = await nameServer(t, () => [Buffer.from('not an answer')]);
	const upstreams = fixedUpstreams([server.text]);
	const { resolver, route, warnings } = world(t, { upstreams, mostInFlight: 64, tryTimeout: 50 });
	resolver.open('web', WEB, { forward: false });
	const client = createSocket('udp4');
	client.bind({ fd: bindDatagrams({ namespace: route.namespace, address: route.from, port: 0 }), exclusive: true });
	for (const packet of fc.sample(hostile, 3000)) client.send(packet, 53, route.to);
	for (const packet of fc.sample(hostile, 50))
		await byStream({ ...route, patience: 20 }, [packet, Buffer.alloc(0)]).catch(() => []);
	assert.deepEqual(dataOf(await byDatagram(route, question('www', 'A'))), ['10.4.6.2']);
	resolver.open('web', WEB, { forward: true });
	for (const packet of fc.sample(hostile, 300)) client.send(packet, 53, route.to);
	await new Promise((resolve) => setTimeout(resolve, 200));
	client.close();
	assert.deepEqual(dataOf(await byDatagram(route, question('www', 'A'))), ['10.4.6.2']);
	assert.deepEqual(
		warnings.filter((warning) => !warning.includes('does not answer')),
		[],
	);
});

test('a client that says nothing, or never reads, holds up nobody', async (t) => {
	const { resolver, route } = world(t);
	resolver.open('web', WEB);
	const silent = byStream({ ...route, patience: 300 }, [Buffer.alloc(0)]).catch(() => []);
	const [answer] = await byStream(route, [question('www', 'A')]);
	assert.deepEqual(dataOf(answer!), ['10.4.6.2']);
	await silent;
});
