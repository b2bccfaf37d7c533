import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
	type ConnectionMatch,
	Conntrack,
	PROTOCOL,
	type TrackedConnection,
} from '#os/linux/netlink/filter/conntrack.ts';
import { within } from '#os/linux/netns.ts';
import { Nftables } from '#os/linux/nftables.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { openDescriptors, type Place, place } from '../namespaces.ts';
import { answers } from '../packets.ts';
import { connected, sendDatagram } from '../streams.ts';

const { TCP, UDP } = PROTOCOL;

interface Path {
	readonly family: 4 | 6;
	readonly client: Place;
	readonly router: Place;
	readonly server: Place;
	readonly conntrack: Conntrack;
}

/** Addresses `1` and `2` on the two ends of a link. */
function at(family: 4 | 6, link: number, end: number): string {
	return family === 4 ? `10.${link}.0.${end}` : `fd00:${link}::${end}`;
}

async function join(t: TestContext, router: Place, way: { family: 4 | 6; link: number }): Promise<Place> {
	const { family, link } = way;
	const there = place(t);
	for (const { fd } of [router, there])
		within(fd, () => {
			// Neighbours are asked from a link-local address, which is not usable for a second otherwise.
			for (const which of ['all', 'default']) writeFileSync(`/proc/sys/net/ipv6/conf/${which}/accept_dad`, '0');
		});
	router.net.links.createVeth({ name: `epair${link}a`, up: true }, { name: 'epair0b', namespace: there.fd });
	there.net.links.set('epair0b', { up: true });
	const prefix = family === 4 ? 24 : 64;
	router.net.addresses.add(router.net.links.get(`epair${link}a`).index, `${at(family, link, 1)}/${prefix}`);
	const inside = there.net.links.get('epair0b').index;
	there.net.addresses.add(inside, `${at(family, link, 2)}/${prefix}`);
	// Before anything is tracked.
	await answers(there.fd, at(family, link, 1));
	const destination = family === 4 ? '0.0.0.0/0' : '::/0';
	there.net.routes.add({ destination, gateway: at(family, link, 1), link: inside });
	return there;
}

/** A client, a router that publishes port 8000 of the server behind it, and the connections that the router tracks. */
async function path(t: TestContext, family: 4 | 6): Promise<Path> {
	const router = place(t);
	const client = await join(t, router, { family, link: 1 });
	const server = await join(t, router, { family, link: 2 });
	within(router.fd, () => {
		writeFileSync(`/proc/sys/net/${family === 4 ? 'ipv4/ip_forward' : 'ipv6/conf/all/forwarding'}`, '1');
		const nftables = new Nftables();
		const to = family === 4 ? `ip to ${at(4, 2, 2)}:80` : `ip6 to [${at(6, 2, 2)}]:80`;
		nftables.run(`add table inet t
add chain inet t pre { type nat hook prerouting priority dstnat; }
add rule inet t pre meta l4proto { tcp, udp } th dport 8000 dnat ${to}`);
		nftables.close();
	});
	const conntrack = Conntrack.open(router.fd);
	t.after(() => conntrack.close());
	return { family, client, router, server, conntrack };
}

/** What the kernel itself writes of it, without what changes by the second. */
function written({ router }: Path): number {
	const lines = within(router.fd, () => readFileSync('/proc/thread-self/net/nf_conntrack', 'utf8'));
	return lines.split('\n').filter((line) => /\b(tcp|udp)\b/.test(line)).length;
}

function datagrams({ family, client }: Path, ...ports: readonly number[]): void {
	for (const port of ports) sendDatagram(client.fd, { address: at(family, 1, 1), port });
}

function ports(connections: readonly TrackedConnection[]): number[] {
	return connections.map(({ original }) => original.destinationPort).sort((a, b) => a - b);
}

for (const family of [4, 6] as const) {
	const [clientAddress, routerAddress, serverAddress] = [at(family, 1, 2), at(family, 1, 1), at(family, 2, 2)];

	test(`a translated connection is listed as it came and as it went, IPv${family}`, async (t) => {
		const there = await path(t, family);
		const target = { address: routerAddress, port: 8000 };
		const connection = connected(there.client.fd, there.server.fd, {
			target,
			place: { address: serverAddress, port: 80 },
		});
		t.after(() => connection.close());
		const [only, ...others] = there.conntrack.list({ protocol: TCP });
		assert.deepEqual(others, []);
		const sourcePort = only?.original.sourcePort ?? 0;
		assert.ok(sourcePort > 1023);
		assert.deepEqual(only, {
			family,
			protocol: TCP,
			original: { source: clientAddress, destination: routerAddress, sourcePort, destinationPort: 8000 },
			reply: { source: serverAddress, destination: clientAddress, sourcePort: 80, destinationPort: sourcePort },
		});
		there.conntrack.drop({ reply: { source: serverAddress } });
		assert.deepEqual(there.conntrack.list({ protocol: TCP }), []);
		assert.equal(written(there), 0);
	});

	test(`those that fit are dropped and no others, IPv${family}`, async (t) => {
		const there = await path(t, family);
		const { conntrack } = there;
		datagrams(there, 8000, 9001, 9002, 9003);
		assert.equal(written(there), 4);
		const drop = (match: ConnectionMatch) => {
			conntrack.drop(match);
			return ports(conntrack.list({ family }));
		};
		const all = [8000, 9001, 9002, 9003];
		assert.deepEqual(drop({ original: { source: serverAddress } }), all);
		assert.deepEqual(drop({ protocol: TCP, original: { destinationPort: 9001 } }), all);
		assert.deepEqual(drop({ protocol: UDP, original: { destinationPort: 80 } }), all);
		assert.deepEqual(drop({ family: family === 4 ? 6 : 4, protocol: UDP }), all);
		assert.deepEqual(
			drop({ protocol: UDP, original: { destinationPort: 9001 }, reply: { source: serverAddress } }),
			all,
		);
		assert.deepEqual(drop({ protocol: UDP, original: { destinationPort: 9001 } }), [8000, 9002, 9003]);
		assert.deepEqual(drop({ protocol: UDP, reply: { sourcePort: 9002 } }), [8000, 9003]);
		assert.deepEqual(drop({ reply: { source: serverAddress } }), [9003]);
		assert.deepEqual(drop({ original: { source: clientAddress, destination: routerAddress } }), []);
		assert.equal(written(there), 0);
	});

	test(`what a rule has sent elsewhere is told from what none has, IPv${family}`, async (t) => {
		const there = await path(t, family);
		const untranslated = (port: number) =>
			({ family, protocol: UDP, original: { destinationPort: port }, untranslated: true }) as const;
		const left = () => ports(there.conntrack.list({ family }));
		datagrams(there, 8000, 9001, 9002);
		there.conntrack.drop(untranslated(8000));
		await there.conntrack.dropInBackground(untranslated(9002));
		assert.deepEqual(left(), [8000, 9001]);
		there.conntrack.drop(...Array.from({ length: 40 }, (_, offset) => untranslated(8980 + offset)), untranslated(8000));
		assert.deepEqual(left(), [8000], 'in one pass over the list');
	});

	test(`many matches at once, in one pass or in the background, IPv${family}`, async (t) => {
		const there = await path(t, family);
		const { conntrack } = there;
		const range = Array.from({ length: 100 }, (_, index) => 9000 + index);
		const matches = range.map((destinationPort) => ({ protocol: UDP, original: { destinationPort } }));
		for (const drop of [
			() => conntrack.drop(...matches),
			() => conntrack.dropInBackground(...matches),
			() =>
				conntrack.drop(
					...range.map((destinationPort) => ({
						family,
						protocol: UDP,
						reply: { destination: clientAddress },
						original: { destinationPort },
					})),
				),
		]) {
			datagrams(there, ...range, 8999, 9100);
			assert.equal(written(there), 102);
			const before = openDescriptors();
			await drop();
			// Sockets of requests in the background are closed there too.
			await eventually('no socket is left', () => openDescriptors() === before, { every: 5 });
			assert.deepEqual(ports(conntrack.list()), [8999, 9100]);
			conntrack.drop({ family });
		}
	});

	test(`a connection that is dropped goes through the rules anew, IPv${family}`, async (t) => {
		const there = await path(t, family);
		const source = { address: clientAddress, port: 5555 };
		const target = { address: routerAddress, port: 9001 };
		const sourceOfAnswers = () => there.conntrack.list({ protocol: UDP }).map(({ reply }) => reply.source);
		sendDatagram(there.client.fd, target, source);
		within(there.router.fd, () => {
			const nftables = new Nftables();
			const to = family === 4 ? `ip to ${serverAddress}:80` : `ip6 to [${serverAddress}]:80`;
			nftables.run(`add rule inet t pre udp dport 9001 dnat ${to}`);
			nftables.close();
		});
		sendDatagram(there.client.fd, target, source);
		assert.deepEqual(sourceOfAnswers(), [routerAddress]);
		there.conntrack.drop({ protocol: UDP, original: { destinationPort: 9001 } });
		sendDatagram(there.client.fd, target, source);
		assert.deepEqual(sourceOfAnswers(), [serverAddress]);
	});
}

test('a namespace that tracks nothing has nothing to list or to drop', async (t) => {
	const { fd } = place(t);
	const conntrack = Conntrack.open(fd);
	t.after(() => conntrack.close());
	assert.deepEqual(conntrack.list(), []);
	conntrack.drop({ protocol: UDP });
	await conntrack.dropInBackground({ original: { source: '10.0.0.1' } });
});

test('a match that would fit everything by mistake is refused', (t) => {
	const { fd } = place(t);
	const conntrack = Conntrack.open(fd);
	t.after(() => conntrack.close());
	for (const match of [
		{},
		{ original: {} },
		{ original: { destinationPort: 53 } },
		{ family: 4, original: { source: '::1' } },
		{ original: { source: '::1' }, reply: { source: '127.0.0.1' } },
	] as const)
		assert.throws(() => conntrack.drop(match), TypeError);
});
