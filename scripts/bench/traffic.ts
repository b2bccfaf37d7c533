/** What packets can do between containers and through published ports, for Kleene and podman in turn. */
import type { Landscape } from '../../test/testbed/traffic/landscape.ts';
import { UPLINK } from '../../test/testbed/traffic/outside.ts';
import type { Place } from '../../test/testbed/traffic/peer.ts';
import { serve, type TransferFigures, transfer } from '../../test/testbed/traffic/transfer.ts';
import type { PodmanPeer } from './podman.ts';
import { alternate } from './timing.ts';

/** From where to where. */
interface Way {
	readonly from: Place;
	readonly address: string;
	readonly port: number;
}

interface Peer {
	readonly name: string;
	/** Where the server is to listen on port 80. */
	readonly server: Place;
	readonly ways: { readonly between: Way; readonly published?: Way };
}

export interface PeerTraffic {
	readonly name: string;
	readonly between: TransferFigures;
	readonly published?: TransferFigures;
}

export async function measureTraffic(
	landscape: Landscape,
	podman: PodmanPeer | undefined,
	rounds: number,
): Promise<PeerTraffic[]> {
	const peers = [await kleene(landscape, 'vnet', 8001), await kleene(landscape, 'ipnet', 8002)];
	if (podman) peers.push(await ofPodman(podman));
	peers.push(loopback(landscape));
	const ends: (() => Promise<void>)[] = [];
	const found = new Map<string, TransferFigures[]>();
	const note = (key: string, figures: TransferFigures) => found.set(key, [...(found.get(key) ?? []), figures]);
	try {
		for (const { server } of peers) ends.push(await serve(server, 80));
		const once = async ({ name, ways: { between, published } }: Peer) => {
			note(`${name} between`, await transfer(between.from, between.address, between.port));
			if (published) note(`${name} published`, await transfer(published.from, published.address, published.port));
		};
		await alternate(peers, { rounds, warmUp: 1 }, once, () => found.clear());
	} finally {
		for (const end of ends) await end();
	}
	return peers.map(({ name, ways }) => {
		const between = medians(found.get(`${name} between`) ?? []);
		return ways.published
			? { name, between, published: medians(found.get(`${name} published`) ?? []) }
			: { name, between };
	});
}

async function kleene(landscape: Landscape, driver: 'vnet' | 'ipnet', hostPort: number): Promise<Peer> {
	const options = ['-l', driver, '-n', 'bench'];
	const [address, name] = [`10.4.6.${hostPort - 7900}`, `server-${driver}`];
	const server = await landscape.member(name, ...options, '--ip', address, '-p', `${hostPort}:80`);
	const client = await landscape.member(`client-${driver}`, ...options);
	const between = { from: client.place, address, port: 80 };
	const published = { from: landscape.outside.place, address: UPLINK.host, port: hostPort };
	return { name: `klee, ${driver}`, server: server.place, ways: { between, published } };
}

async function ofPodman(podman: PodmanPeer): Promise<Peer> {
	const server = await podman.member('server', '--publish', '8080:80');
	const client = await podman.member('client');
	const between = { from: client.place, address: server.address, port: 80 };
	const published = { from: podman.outside.place, address: UPLINK.host, port: 8080 };
	return { name: 'podman', server: server.place, ways: { between, published } };
}

/** What the measuring programs can do at the most. */
function loopback({ hostPlace }: Landscape): Peer {
	return {
		name: 'loopback',
		server: hostPlace,
		ways: { between: { from: hostPlace, address: '127.0.0.1', port: 80 } },
	};
}

/** Of each figure its median over the rounds. */
function medians(all: readonly TransferFigures[]): TransferFigures {
	const middle = (of: (one: TransferFigures) => number) =>
		all.map(of).toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? Number.NaN;
	return {
		throughput: middle(({ throughput }) => throughput),
		roundTrip: middle(({ roundTrip }) => roundTrip),
		connection: middle(({ connection }) => connection),
	};
}
