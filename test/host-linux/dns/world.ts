/** A host of its own for a test of the resolver: a namespace with two networks on it, and name servers to forward to. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { type Answer, decode, encode, type Packet, type Question, RECURSION_AVAILABLE } from 'dns-packet';
import { frame, MessageReader } from '#host/linux/dns/frames.ts';
import { Resolver, type ResolverOptions } from '#host/linux/dns/resolver.ts';
import { fixedUpstreams } from '#host/linux/dns/upstreams.ts';
import { familyOf } from '#inet/family.ts';
import { bindDatagrams, type LocalEndpoint, listenForConnections } from '#os/linux/sockets.ts';
import { type Place, place } from '#test/os/linux/namespaces.ts';
import type { Route } from './client.ts';

export const WEB = ['10.4.6.1/24', 'fd00:46::1/64'];
export const BACK = ['10.4.7.1/24', 'fd00:47::1/64'];

const NAMES: Record<string, Record<string, readonly string[]>> = {
	web: {
		www: ['10.4.6.2', 'fd00:46::2'],
		four: ['10.4.6.3'],
		nowhere: [],
		many: Array.from({ length: 100 }, (_, n) => `10.4.6.${n + 100}`),
	},
	back: { database: ['10.4.7.2', 'fd00:47::2'] },
};

export interface World extends Place {
	readonly resolver: Resolver;
	readonly warnings: string[];
	/** From a container of network `web` to its gateway. */
	readonly route: Route;
	readonly route6: Route;
}

const hosts = new WeakMap<TestContext, Place>();

/** The one host of a test. */
function hostOf(t: TestContext): Place {
	const there = hosts.get(t);
	if (there) return there;
	const inside = place(t);
	const lo = inside.net.links.get('lo').index;
	// All of an IPv4 subnet on the loopback interface is local; of an IPv6 one each address for itself.
	const six = ['fd00:46::2/128', 'fd00:47::2/128'];
	for (const address of [...WEB, ...BACK, ...six]) inside.net.addresses.add(lo, address);
	hosts.set(t, inside);
	return inside;
}

export function world(t: TestContext, options: Partial<ResolverOptions> = {}): World {
	const inside = hostOf(t);
	const warnings: string[] = [];
	const resolver = new Resolver({
		hostNamespace: inside.fd,
		lookup: (network, name) => {
			const addresses = NAMES[network]?.[name];
			return addresses && { addresses };
		},
		reverse: (network, address) =>
			Object.entries(NAMES[network] ?? {}).find(([, addresses]) => addresses.includes(address))?.[0],
		upstreams: fixedUpstreams([]),
		log: { warn: (_fields, message) => warnings.push(message) },
		...options,
	});
	t.after(() => resolver.closeAll());
	return {
		...inside,
		resolver,
		warnings,
		route: { namespace: inside.fd, from: '10.4.6.2', to: '10.4.6.1' },
		route6: { namespace: inside.fd, from: 'fd00:46::2', to: 'fd00:46::1' },
	};
}

export interface Asked {
	readonly question: Question;
	readonly packet: Packet;
	readonly transport: 'datagram' | 'stream';
	/** Port of who asks. */
	readonly port: number;
}

export interface NameServer {
	/** `ADDRESS:PORT` */
	readonly text: string;
	readonly asked: Asked[];
}

/** What a name server says: whole messages, in this order; none for silence. */
export type Script = (asked: Asked) => readonly Buffer[];

/** A name server on the loopback of the test's host, gone when the test ends. */
export function nameServer(t: TestContext, script: Script, delay = 0): Promise<NameServer> {
	return nameServerAt(t, { namespace: hostOf(t).fd, address: '127.0.0.1', port: 0 }, script, delay);
}

/** A name server anywhere, gone when the test ends. @param delay milliseconds before it answers */
export async function nameServerAt(
	t: TestContext,
	endpoint: LocalEndpoint,
	script: Script,
	delay = 0,
): Promise<NameServer> {
	const later = (run: () => void) => (delay === 0 ? run() : void setTimeout(run, delay).unref());
	let isOver = false;
	const asked: Asked[] = [];
	const hear = (bytes: Buffer, from: Pick<Asked, 'transport' | 'port'>): readonly Buffer[] => {
		const packet = decode(bytes);
		const one = { question: packet.questions![0]!, packet, ...from };
		asked.push(one);
		return script(one);
	};
	const streams = createServer((connection) => {
		const reader = new MessageReader();
		connection.on('error', () => undefined);
		connection.on('data', (chunk: Buffer) => {
			for (const message of reader.read(chunk))
				for (const answer of hear(message, { transport: 'stream', port: connection.remotePort! }))
					later(() => connection.writable && connection.write(frame(answer)));
		});
	});
	streams.listen({ fd: listenForConnections(endpoint), exclusive: true });
	await once(streams, 'listening');
	const { port } = streams.address() as AddressInfo;
	const datagrams = createSocket(`udp${familyOf(endpoint.address)}`);
	datagrams.on('message', (bytes, from) => {
		for (const answer of hear(bytes, { transport: 'datagram', port: from.port }))
			later(() => isOver || datagrams.send(answer, from.port, from.address));
	});
	datagrams.bind({ fd: bindDatagrams({ ...endpoint, port }), exclusive: true });
	t.after(() => {
		isOver = true;
		streams.close();
		datagrams.close();
	});
	return { text: `${endpoint.address}:${port}`, asked };
}

export interface Said {
	readonly answers?: Answer[];
	/** E.g. 3 for NXDOMAIN, 0x200 for "truncated". */
	readonly flags?: number;
}

export function say({ packet }: Asked, { answers = [], flags = 0 }: Said = {}): Buffer {
	const { id, questions } = packet;
	return encode({ type: 'response', id: id!, questions: questions!, answers, flags: flags | RECURSION_AVAILABLE });
}

export function addressRecord(name: string, data: string): Answer {
	return { type: 'A', name, ttl: 60, data };
}
