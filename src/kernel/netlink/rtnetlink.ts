import { Addresses } from './addresses.ts';
import { Links } from './links.ts';
import { Neighbours } from './neighbours.ts';
import { Routes } from './routes.ts';
import { NetlinkSocket } from './socket.ts';

const NETLINK_ROUTE = 0;

/** Interfaces, addresses, routes and neighbours of one network namespace. Synchronous and without policy. */
export class Rtnetlink {
	readonly links: Links;
	readonly addresses: Addresses;
	readonly routes: Routes;
	readonly neighbours: Neighbours;
	readonly #socket: NetlinkSocket;

	private constructor(socket: NetlinkSocket) {
		this.#socket = socket;
		this.links = new Links(socket);
		this.addresses = new Addresses(socket);
		this.routes = new Routes(socket);
		this.neighbours = new Neighbours(socket);
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
