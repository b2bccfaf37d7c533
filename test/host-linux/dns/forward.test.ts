import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'dns-packet';
import { fixedUpstreams } from '#host/linux/dns/upstreams.ts';
import { openDescriptors } from '#test/os/linux/namespaces.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { byDatagram, byStream, dataOf, edns, question, tryDatagram } from './client.ts';
import { type Asked, addressRecord, nameServer, nameServerAt, say, WEB, world } from './world.ts';

const TRUNCATED = 0x200;
const answer = (asked: Asked) => [say(asked, { answers: [addressRecord(asked.question.name, '192.0.2.1')] })];
const code = (rcode: number) => (asked: Asked) => [say(asked, { flags: rcode })];
const silence = () => [];

/** A port of the loopback at which nobody listens. */
const DEAD = { text: '127.0.0.1:9' };

test('other names are asked of the host, over datagrams and streams, and own names never', async (t) => {
	const server = await nameServer(t, answer);
	const { resolver, route, route6 } = world(t, { upstreams: fixedUpstreams([server.text]) });
	resolver.open('web', WEB);
	for (const way of [route, route6]) {
		const query = question('Example.COM', 'A', edns(1400));
		const heard = await byDatagram(way, query);
		assert.deepEqual([heard.id, heard.rcode, dataOf(heard)], [query.readUInt16BE(0), 'NOERROR', ['192.0.2.1']]);
		const [streamed] = await byStream(way, [question('example.com', 'A')]);
		assert.deepEqual(dataOf(streamed!), ['192.0.2.1']);
	}
	assert.deepEqual(
		server.asked.map(({ transport }) => transport),
		['datagram', 'stream', 'datagram', 'stream'],
	);
	const opt = server.asked[0]?.packet.additionals?.[0];
	assert.equal(opt?.type === 'OPT' && opt.udpPayloadSize, 1400, 'what the client sent goes out unchanged');
	const before = server.asked.length;
	for (const name of ['www', 'four', 'www.kleene', 'missing.kleene', 'kleene'])
		for (const type of ['A', 'AAAA', 'TXT']) await byDatagram(route, question(name, type));
	assert.equal(server.asked.length, before);
});

test('each question has an id and a port of its own, and each answer goes to who asked', async (t) => {
	const lastByte = (name: string) => Number(/\d+/.exec(name)?.[0]);
	const server = await nameServer(t, (asked) => [
		say(asked, { answers: [addressRecord(asked.question.name, `192.0.2.${lastByte(asked.question.name)}`)] }),
	]);
	const { resolver, route } = world(t, { upstreams: fixedUpstreams([server.text]) });
	resolver.open('web', WEB);
	const numbers = Array.from({ length: 60 }, (_, n) => n);
	const same = question('n0.example', 'A').readUInt16BE(0);
	const answers = await Promise.all(
		numbers.map(async (n) => {
			const query = question(`n${n}.example`, 'A');
			query.writeUInt16BE(same, 0);
			return byDatagram(route, query);
		}),
	);
	for (const n of numbers) assert.deepEqual([answers[n]!.id, dataOf(answers[n]!)], [same, [`192.0.2.${n}`]]);
	assert.ok(new Set(server.asked.map(({ packet }) => packet.id)).size > 55);
	assert.ok(new Set(server.asked.map(({ port }) => port)).size > 40);
});

test('what is not the answer to the question is not taken for it', async (t) => {
	const server = await nameServer(t, (asked) => {
		const { packet, question: asking } = asked;
		const lie = [addressRecord(asking.name, '203.0.113.66')];
		const response = { type: 'response', answers: lie } as const;
		return [
			Buffer.from('nonsense'),
			Buffer.alloc(12),
			encode({ ...response, id: (packet.id! + 1) & 0xffff, questions: packet.questions! }),
			encode({ ...response, id: packet.id!, questions: [{ ...asking, name: 'other.example' }] }),
			encode({ ...response, id: packet.id!, questions: [{ ...asking, type: 'AAAA' }] }),
			encode({ ...response, id: packet.id!, questions: [] }),
			encode({ ...response, type: 'query', id: packet.id!, questions: packet.questions! }),
			say(asked, { answers: [addressRecord(asking.name.toUpperCase(), '192.0.2.1')] }),
		];
	});
	const { resolver, route } = world(t, { upstreams: fixedUpstreams([server.text]) });
	resolver.open('web', WEB);
	assert.deepEqual(dataOf(await byDatagram(route, question('example.com', 'A'))), ['192.0.2.1']);
});

test('the next server is asked when one is silent, gone, or cannot', async (t) => {
	const good = await nameServer(t, answer);
	const silent = await nameServer(t, silence);
	for (const bad of [silent, await nameServer(t, code(2)), await nameServer(t, code(5)), DEAD]) {
		const upstreams = fixedUpstreams([bad.text, good.text]);
		const { resolver, route } = world(t, { upstreams, tryTimeout: 100 });
		resolver.open('web', WEB);
		const heard = await byDatagram(route, question('example.com', 'A'));
		assert.deepEqual(dataOf(heard), ['192.0.2.1'], bad.text);
		const [streamed] = await byStream(route, [question('example.com', 'A')]);
		assert.deepEqual(dataOf(streamed!), ['192.0.2.1'], bad.text);
		resolver.closeAll();
	}
});

test('a server with a link-local address is asked through the interface of the host that it names', async (t) => {
	const { resolver, route, net, fd: namespace } = world(t, { upstreams: () => servers });
	net.addresses.add(net.links.get('lo').index, 'fe80::53/64');
	const server = await nameServerAt(t, { namespace, address: '::', port: 0 }, answer);
	const port = Number(server.text.split(':').at(-1));
	const servers = [
		{ host: 'fe80::53%nosuch', port },
		{ host: 'fe80::53%lo', port },
	];
	resolver.open('web', WEB);
	assert.deepEqual(dataOf(await byDatagram(route, question('example.com', 'A'))), ['192.0.2.1']);
	const [streamed] = await byStream(route, [question('example.com', 'A')]);
	assert.deepEqual(dataOf(streamed!), ['192.0.2.1']);
});

test('a server that does not answer is asked last from then on', async (t) => {
	const silent = await nameServer(t, silence);
	const good = await nameServer(t, answer);
	const upstreams = fixedUpstreams([silent.text, good.text]);
	const { resolver, route, warnings } = world(t, { upstreams, tryTimeout: 1000 });
	resolver.open('web', WEB);
	// Each question counts, so none is sent again.
	const once = { ...route, patience: 5000, again: 5000 };
	for (let turn = 0; turn < 5; turn += 1) await byDatagram(once, question('example.com', 'A'));
	assert.deepEqual([silent.asked.length, good.asked.length, warnings.length], [1, 5, 1]);
});

test('"no such name" is an answer, and what all servers say of themselves is passed on', async (t) => {
	const missing = await nameServer(t, code(3));
	const refusing = await nameServer(t, code(5));
	const { resolver, route } = world(t, { upstreams: fixedUpstreams([missing.text, refusing.text]) });
	resolver.open('web', WEB);
	assert.equal((await byDatagram(route, question('example.com', 'A'))).rcode, 'NXDOMAIN');
	assert.equal(refusing.asked.length, 0);
	resolver.closeAll();
	const second = world(t, { upstreams: fixedUpstreams([refusing.text]) });
	second.resolver.open('web', WEB);
	assert.equal((await byDatagram(second.route, question('example.com', 'A'))).rcode, 'REFUSED');
	assert.equal(refusing.asked.length, 1, 'a server that refuses is not asked twice');
});

test('servers to which no route leads are passed over, whatever the transport', async (t) => {
	const good = await nameServer(t, answer);
	for (const others of [[], [good.text]]) {
		const upstreams = fixedUpstreams(['192.0.2.53', '2001:db8::53', ...others]);
		const { resolver, route } = world(t, { upstreams });
		resolver.open('web', WEB);
		const heard = [
			await byDatagram(route, question('example.com', 'A')),
			...(await byStream(route, [question('example.com', 'A')])),
		];
		for (const { rcode } of heard) assert.equal(rcode, others.length > 0 ? 'NOERROR' : 'SERVFAIL');
		assert.equal(heard.length, 2);
		resolver.closeAll();
	}
});

test('SERVFAIL when nobody answers as long as clients wait', async (t) => {
	const silent = await nameServer(t, silence);
	const { resolver, route } = world(t, { upstreams: fixedUpstreams([silent.text]), tryTimeout: 100, patience: 400 });
	resolver.open('web', WEB);
	const heard = await byDatagram(route, question('example.com', 'A', edns(1232)));
	assert.deepEqual([heard.rcode, heard.flag_ra, heard.additionals?.length], ['SERVFAIL', true, 1]);
	assert.equal(silent.asked.length, 2, 'one packet may get lost');
	resolver.closeAll();
	const none = world(t);
	none.resolver.open('web', WEB);
	assert.equal((await byDatagram(none.route, question('example.com', 'A'))).rcode, 'SERVFAIL');
});

test('an answer that was cut off is fetched whole, and passed on as far as the client can take it', async (t) => {
	const long = (name: string) => Array.from({ length: 40 }, (_, n) => addressRecord(name, `192.0.2.${n}`));
	const server = await nameServer(t, (asked) => {
		const { name } = asked.question;
		if (asked.transport === 'stream') return [say(asked, { answers: long(name) })];
		return [say(asked, { answers: long(name).slice(0, 3), flags: TRUNCATED })];
	});
	const { resolver, route } = world(t, { upstreams: fixedUpstreams([server.text]) });
	resolver.open('web', WEB);
	const large = await byDatagram(route, question('example.com', 'A', edns(4096)));
	assert.deepEqual([large.flag_tc, large.answers?.length], [false, 40]);
	const small = await byDatagram(route, question('example.com', 'A'));
	assert.deepEqual([small.flag_tc, small.answers?.length], [true, 3], 'the part that the server chose');
	const [streamed] = await byStream(route, [question('example.com', 'A')]);
	assert.deepEqual([streamed?.flag_tc, streamed?.answers?.length], [false, 40]);
});

test('an answer longer than it may be is cut off, not sent', async (t) => {
	const server = await nameServer(t, (asked) => {
		const { name } = asked.question;
		return [say(asked, { answers: Array.from({ length: 60 }, (_, n) => addressRecord(name, `192.0.2.${n}`)) })];
	});
	const { resolver, route } = world(t, { upstreams: fixedUpstreams([server.text]) });
	resolver.open('web', WEB);
	const heard = await byDatagram(route, question('example.com', 'A'));
	assert.deepEqual([heard.flag_tc, heard.answers?.length, heard.rcode], [true, 0, 'NOERROR']);
});

test('the oldest question of who floods makes room, and others are served', async (t) => {
	const silent = await nameServer(t, ({ question: asking, ...rest }) =>
		asking.name.startsWith('flood') ? [] : answer({ question: asking, ...rest }),
	);
	const { resolver, route, route6 } = world(t, { upstreams: fixedUpstreams([silent.text]), mostInFlight: 8 });
	resolver.open('web', WEB);
	const start = performance.now();
	const patient = Array.from({ length: 20 }, (_, n) =>
		tryDatagram({ ...route, patience: 4000 }, question(`flood${n}.example`, 'A')),
	);
	const early = await Promise.race(patient);
	assert.equal(early?.rcode, 'SERVFAIL');
	assert.ok(performance.now() - start < 1400, 'made room at once, not after the timeout of 1.5 seconds');
	assert.deepEqual(dataOf(await byDatagram(route6, question('example.com', 'A'))), ['192.0.2.1']);
	resolver.closeAll();
	await Promise.all(patient);
});

test('a name server that is the resolver itself is not asked', async (t) => {
	const upstreams = fixedUpstreams(['10.4.6.1', '[fd00:46:0::1]:53']);
	const { resolver, route, warnings } = world(t, { upstreams });
	resolver.open('web', WEB);
	const start = performance.now();
	assert.equal((await byDatagram(route, question('example.com', 'A'))).rcode, 'SERVFAIL');
	assert.ok(performance.now() - start < 1400, 'nobody was waited for, which takes 1.5 seconds');
	assert.equal(warnings.length, 2);
});

test('nothing stays open after answers, timeouts and the end', async (t) => {
	const good = await nameServer(t, answer);
	const silent = await nameServer(t, silence);
	const upstreams = fixedUpstreams([silent.text, good.text]);
	const { resolver, route } = world(t, { upstreams, tryTimeout: 50 });
	const descriptors = openDescriptors();
	resolver.open('web', WEB);
	await Promise.all(Array.from({ length: 50 }, (_, n) => byDatagram(route, question(`n${n}.example`, 'A'))));
	await byStream(route, [question('a.example', 'A'), question('b.example', 'A')]);
	const pending = tryDatagram({ ...route, patience: 100 }, question('last.example', 'A'));
	resolver.closeAll();
	await pending;
	await eventually('all is closed', () => openDescriptors() <= descriptors);
});

test('an answer that takes two seconds arrives, over datagrams and streams, whatever other servers do meanwhile', async (t) => {
	const slow = await nameServer(t, answer, 2000);
	const silent = await nameServer(t, silence);
	for (const servers of [[slow], [silent, slow], [slow, silent, silent]]) {
		const { resolver, route } = world(t, { upstreams: fixedUpstreams(servers.map(({ text }) => text)) });
		resolver.open('web', WEB);
		const before = slow.asked.length;
		// As glibc: asks again after five seconds.
		const [heard, streamed] = await Promise.all([
			byDatagram({ ...route, patience: 8000, again: 5000 }, question('example.com', 'A')),
			byStream({ ...route, patience: 8000 }, [question('example.com', 'A')]),
		]);
		assert.deepEqual([dataOf(heard), dataOf(streamed[0]!)], [['192.0.2.1'], ['192.0.2.1']]);
		assert.ok(slow.asked.length - before <= 4);
		resolver.closeAll();
	}
});

test('a client that ends its half of a stream gets its answers', async (t) => {
	const slow = await nameServer(t, answer, 300);
	const { resolver, route } = world(t, { upstreams: fixedUpstreams([slow.text]) });
	resolver.open('web', WEB);
	const asked = [question('example.com', 'A'), question('www', 'A')];
	const heard = await byStream({ ...route, halfClosed: true }, asked);
	assert.deepEqual(heard.map((one) => dataOf(one)[0]).sort(), ['10.4.6.2', '192.0.2.1']);
});
