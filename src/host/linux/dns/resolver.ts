/**
 * Names for containers. Each network has a resolver on its gateway addresses, which knows the containers and forwards
 * what else is asked to the name servers of the host.
 *
 * Sockets belong to addresses, not to interfaces: a bridge that is made anew finds its resolver waiting. Nothing that
 * changes about a network closes a socket whose address stays.
 */

import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { formatAddress, parseAddress } from '#inet/address.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { contains, parseSubnetAround, type Subnet } from '#inet/subnet.ts';
import { hasCode } from '#os/errno.ts';
import { CODE, encodeReply } from './answer.ts';
import { type Client, Forwarder } from './forwarder.ts';
import { Listener } from './listener.ts';
import { type Lookup, OwnNames, type ReverseLookup } from './own.ts';
import type { Query } from './query.ts';
import { DNS_PORT, type Upstream, type Upstreams } from './upstreams.ts';

export interface ResolverOptions {
	/** Descriptor of the network namespace that is the host's; undefined: the daemon's own. */
	readonly hostNamespace?: number;
	readonly lookup: Lookup;
	readonly reverse: ReverseLookup;
	/** Asked from the host's namespace, as its own programs would. */
	readonly upstreams: Upstreams;
	readonly log: { warn(fields: object, message: string): void };
	/** Default 53. */
	readonly port?: number;
	/** Questions that wait for an answer from elsewhere. Default 1024. */
	readonly mostInFlight?: number;
	/** Milliseconds after which the next name server is asked as well. Default 1500. */
	readonly tryTimeout?: number;
	/** Milliseconds until nobody waits for an answer any more. Default 15000. */
	readonly patience?: number;
}

export interface NetworkOptions {
	/** False on internal networks: other names do not exist there. Default true. */
	readonly forward?: boolean;
}

interface OpenNetwork {
	forward: boolean;
	subnets: readonly Subnet[];
	/** By address, canonical. */
	listeners: ReadonlyMap<string, Listener>;
}

export class Resolver {
	readonly #options: ResolverOptions;
	readonly #own: OwnNames;
	readonly #forwarder: Forwarder;
	readonly #networks = new Map<string, OpenNetwork>();
	readonly #warn = (fields: object, message: string): void => this.#options.log.warn(fields, message);

	constructor(options: ResolverOptions) {
		const { hostNamespace, lookup, reverse, upstreams, mostInFlight, tryTimeout, patience } = options;
		this.#options = options;
		this.#own = new OwnNames(lookup, reverse);
		this.#forwarder = new Forwarder({
			upstreams,
			isOurselves: (upstream) => this.#isOurselves(upstream),
			warn: this.#warn,
			...(hostNamespace === undefined ? {} : { namespace: hostNamespace }),
			...(mostInFlight === undefined ? {} : { mostInFlight }),
			...(tryTimeout === undefined ? {} : { tryTimeout }),
			...(patience === undefined ? {} : { patience }),
		});
	}

	/**
	 * Answers on these addresses of a network from now on, and on no others. Repeating it changes nothing.
	 *
	 * @param addresses with the prefix of their subnet, e.g. `10.4.6.1/24`: who asks from outside of it is refused
	 * @throws KleeneError HOST_FAILED when an address cannot be had; then everything is as before
	 */
	open(network: string, addresses: readonly string[], { forward = true }: NetworkOptions = {}): void {
		const before = this.#networks.get(network);
		const wanted = addresses.map(parsePrefixed);
		const listeners = this.#listeners(network, { wanted, before: before?.listeners ?? new Map() });
		const after = before ?? { forward, listeners, subnets: [] };
		const gone = [...after.listeners].filter(([address]) => !listeners.has(address));
		Object.assign(after, { forward, listeners, subnets: wanted.map(({ subnet }) => subnet) });
		this.#networks.set(network, after);
		for (const [, listener] of gone) listener.close();
	}

	close(network: string): void {
		const open = this.#networks.get(network);
		this.#networks.delete(network);
		for (const listener of open?.listeners.values() ?? []) listener.close();
	}

	closeAll(): void {
		for (const network of [...this.#networks.keys()]) this.close(network);
		this.#forwarder.close();
	}

	/** The listeners that are there, and new ones for the rest. */
	#listeners(network: string, { wanted, before }: Change): Map<string, Listener> {
		const listeners = new Map<string, Listener>();
		const made: Listener[] = [];
		try {
			for (const { address } of wanted) {
				const there = listeners.get(address) ?? before.get(address);
				const listener = there ?? this.#listen(network, address);
				if (!there) made.push(listener);
				listeners.set(address, listener);
			}
			return listeners;
		} catch (error) {
			for (const listener of made) listener.close();
			throw error;
		}
	}

	#listen(network: string, address: string): Listener {
		const { hostNamespace: namespace, port = DNS_PORT } = this.#options;
		const respond = (query: Query, client: Client) => this.#respond(network, query, client);
		try {
			return new Listener({ endpoint: { namespace, address, port }, respond, warn: this.#warn });
		} catch (cause) {
			const taken = hasCode(cause, 'EADDRINUSE');
			throw new KleeneError({
				code: 'HOST_FAILED',
				what: `cannot resolve names for network ${network} on ${address} port ${port}`,
				why: taken ? 'another program of the host answers there, or on all addresses' : messageOf(cause),
				hint: taken
					? `let that program leave ${address} alone (dnsmasq: bind-dynamic), or create the network with --no-dns`
					: 'create the network with --no-dns, and report this',
				cause,
			});
		}
	}

	#respond(network: string, query: Query, client: Client): Buffer | undefined | Promise<Buffer> {
		const open = this.#networks.get(network);
		if (!open) return undefined;
		const { source, limit } = client;
		// The host takes packets for any of its addresses on any of its interfaces, also from another network's container.
		if (!isInside(source, open.subnets)) return encodeReply(query, { code: CODE.refused, limit });
		const reply = this.#own.reply(query, { network, source, forward: open.forward });
		if (reply) return encodeReply(query, { ...reply, limit });
		const known = this.#options.reverse(network, source, source) !== undefined;
		return this.#forwarder.forward(query, client, { network, source: known ? source : '' });
	}

	#isOurselves({ host, port }: Upstream): boolean {
		if (port !== (this.#options.port ?? DNS_PORT)) return false;
		const address = parseAddress(host);
		const text = address && formatAddress(address);
		return [...this.#networks.values()].some(({ listeners }) => text !== undefined && listeners.has(text));
	}
}

interface Change {
	readonly wanted: readonly Prefixed[];
	readonly before: ReadonlyMap<string, Listener>;
}

interface Prefixed {
	/** Canonical text. */
	readonly address: string;
	readonly subnet: Subnet;
}

function parsePrefixed(text: string): Prefixed {
	const address = parseAddress(withoutPrefix(text));
	const subnet = parseSubnetAround(text);
	if (!address || !subnet) throw new TypeError(`not an address with a prefix: ${text}`);
	return { address: formatAddress(address), subnet };
}

function isInside(source: string, subnets: readonly Subnet[]): boolean {
	const address = parseAddress(source);
	return address !== undefined && subnets.some((subnet) => contains(subnet, address));
}
