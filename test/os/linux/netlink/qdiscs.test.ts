import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Place, place } from '../namespaces.ts';
import { type Connection, connected, inside, throughput } from '../streams.ts';

const target = { address: '10.9.0.2', port: 8080 };

interface Pair {
	readonly here: Place;
	readonly there: Place;
	/** Indexes of the two ends. */
	readonly mine: number;
	readonly theirs: number;
}

function pair(t: TestContext): Pair {
	const here = place(t);
	const there = place(t);
	here.net.links.createVeth({ name: 'epair0a', up: true }, { name: 'epair0b', namespace: there.fd });
	there.net.links.set('epair0b', { up: true });
	const mine = here.net.links.get('epair0a').index;
	const theirs = there.net.links.get('epair0b').index;
	here.net.addresses.add(mine, '10.9.0.1/24');
	there.net.addresses.add(theirs, '10.9.0.2/24');
	return { here, there, mine, theirs };
}

function shown({ here }: Pair): string {
	return inside(here.fd, 'tc', '-s', 'qdisc', 'show', 'dev', 'epair0a');
}

test('tc shows the limit that was asked for, from 8 kbit/s to 40 Gbit/s', (t) => {
	const ends = pair(t);
	const { qdiscs } = ends.here.net;
	for (const [rate, text] of [
		[8e3, 'rate 8Kbit burst 16Kb lat 50ms'],
		[20e6, 'rate 20Mbit burst 16Kb lat 50ms'],
		[1e9, 'rate 1Gbit burst 500000b lat 50ms'],
		[5e9, 'rate 5Gbit'],
		[40e9, 'rate 40Gbit'],
	] as const) {
		qdiscs.limit(ends.mine, { rate });
		assert.match(shown(ends), new RegExp(`qdisc tbf .* root .*${text}`));
		assert.equal(qdiscs.get(ends.mine)?.rate, rate);
	}
	qdiscs.limit(ends.mine, { rate: 1e9, burst: 100_000, latency: 0.2 });
	assert.match(shown(ends), /rate 1Gbit burst 100000b lat 200ms/);
	const { burst, limit } = qdiscs.get(ends.mine) ?? {};
	assert.deepEqual({ burst, limit }, { burst: 100_000, limit: 25_100_000 });
});

test('a limit is replaced in place, removed once, and taken by an interface that is down', (t) => {
	const ends = pair(t);
	const { qdiscs, links } = ends.here.net;
	qdiscs.limit(ends.mine, { rate: 1e6 });
	const handle = /tbf (\w+):/.exec(shown(ends))?.[1];
	qdiscs.limit(ends.mine, { rate: 2e6 });
	assert.match(shown(ends), new RegExp(`tbf ${handle}: root .* 2Mbit`));
	qdiscs.remove(ends.mine);
	assert.match(shown(ends), /^qdisc noqueue/);
	assert.throws(() => qdiscs.remove(ends.mine), { code: 'EINVAL' });
	assert.throws(() => qdiscs.limit(12_345, { rate: 1e6 }), { code: 'ENODEV' });

	links.set(ends.mine, { up: false });
	qdiscs.limit(ends.mine, { rate: 3e6 });
	links.set(ends.mine, { up: true });
	assert.match(shown(ends), /rate 3Mbit/);
	assert.deepEqual(
		qdiscs.list().map(({ link, kind, rate }) => ({ link, kind, rate })),
		[
			{ link: links.get('lo').index, kind: 'noqueue', rate: 0 },
			{ link: ends.mine, kind: 'tbf', rate: 3e6 },
		],
	);
});

/** What makes the machine slow makes a connection slow, and fast for the moment after: of three looks one must do. */
function assertHeldTo(rate: number, connection: Connection): number {
	const seen: number[] = [];
	const held = (out: number) => out < 1.15 * rate && out > 0.5 * rate;
	while (seen.length < 3 && !seen.some(held)) seen.push(throughput(connection, 1000));
	assert.ok(seen.some(held), `${seen.map((out) => (out / 1e6).toFixed(1)).join(', ')} Mbit/s`);
	return seen.at(-1) ?? 0;
}

function turned({ caller, server, close }: Connection): Connection {
	return { caller: server, server: caller, close };
}

for (const rate of [20e6, 100e6])
	test(`a connection is held to ${rate / 1e6} Mbit/s in the direction that is limited and in no other`, (t) => {
		const ends = pair(t);
		const { here, there } = ends;
		here.net.qdiscs.limit(ends.mine, { rate });
		const connection = connected(here.fd, there.fd, { target });
		t.after(() => connection.close());
		const out = assertHeldTo(rate, connection);
		assert.ok(Number(here.net.qdiscs.get(ends.mine)?.sent.bytes) > rate / 16);
		let back = 0;
		for (let look = 0; look < 3 && back < 2 * rate; look += 1)
			back = Math.max(back, throughput(turned(connection), 300));
		assert.ok(back > 2 * rate, `${(back / 1e6).toFixed(1)} Mbit/s`);
		t.diagnostic(`out ${(out / 1e6).toFixed(2)}, back ${(back / 1e6).toFixed(0)} Mbit/s`);
	});

test('the other end of the pair limits what arrives', (t) => {
	const rate = 20e6;
	const { here, there, theirs } = pair(t);
	there.net.qdiscs.limit(theirs, { rate });
	const connection = connected(here.fd, there.fd, { target });
	t.after(() => connection.close());
	assertHeldTo(rate, turned(connection));
});
