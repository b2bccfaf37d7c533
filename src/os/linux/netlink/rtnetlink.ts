import { BridgePorts } from './link/bridge-ports.ts';
import { Bridges } from './link/bridges.ts';
import { Links } from './link/links.ts';
import { PinnedAddresses } from './link/pinned-addresses.ts';
import { Qdiscs } from './link/qdiscs.ts';
import { Addresses } from './route/addresses.ts';
import { Neighbours } from './route/neighbours.ts';
import { Routes } from './route/routes.ts';
import { NetlinkSocket } from './socket.ts';

const NETLINK_ROUTE = 0;

/** Interfaces, bridge ports, addresses, routes, neighbours and rate limits of one network namespace. Synchronous and without policy. */
export class Rtnetlink {
	readonly links: Links;
	readonly bridges: Bridges;
	readonly bridgePorts: BridgePorts;
	readonly pinnedAddresses: PinnedAddresses;
	readonly addresses: Addresses;
	readonly routes: Routes;
	readonly neighbours: Neighbours;
	readonly qdiscs: Qdiscs;
	readonly #socket: NetlinkSocket;

	private constructor(socket: NetlinkSocket) {
		this.#socket = socket;
		this.links = new Links(socket);
		this.bridges = new Bridges(socket);
		this.bridgePorts = new BridgePorts(socket);
		this.pinnedAddresses = new PinnedAddresses(socket);
		this.addresses = new Addresses(socket);
		this.routes = new Routes(socket);
		this.neighbours = new Neighbours(socket);
		this.qdiscs = new Qdiscs(socket);
	}

	/** @param namespace descriptor of the namespace that it shall speak for; default: the caller's */
	static open(namespace?: number): Rtnetlink {
		return new Rtnetlink(NetlinkSocket.open(NETLINK_ROUTE, namespace));
	}

	/** It keeps its namespace alive until then. */
	close(): void {
		this.#socket.close();
	}
}
