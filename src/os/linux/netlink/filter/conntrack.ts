/**
 * Connections that a namespace tracks: `conntrack -L` and `conntrack -D`. The kernel tracks them as soon as a rule asks
 * for their state. An entry that outlives the port or address it speaks of sends packets to the wrong place.
 */

import type { Family } from '#inet/family.ts';
import { hasCode } from '#os/errno.ts';
import { NetlinkSocket, type Request } from '../socket.ts';
import {
	type ConnectionMatch,
	decodeConnection,
	encodeFilter,
	encodePayload,
	familiesOf,
	isForKernel,
	matcher,
	nameOf,
	type TrackedConnection,
} from './conntrack-codec.ts';
import { decodeFlow, type TrackedFlow } from './flow-codec.ts';

export { type ConnectionMatch, type Direction, PROTOCOL, type TrackedConnection } from './conntrack-codec.ts';
export type { TrackedFlow } from './flow-codec.ts';

const NETLINK_NETFILTER = 12;
const SUBSYSTEM = 1 << 8;
const GET = SUBSYSTEM | 1;
const DELETE = SUBSYSTEM | 2;
/** The kernel goes through its table once for each filter, 0.3 ms; listing all of it starts at 10 ms. */
const MOST_FILTERS = 32;

export class Conntrack {
	readonly #socket: NetlinkSocket;
	/** Whether the kernel drops by filter, as it does from Linux 6.10 on; others refuse. */
	#filters = true;

	private constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/** @param namespace descriptor of the namespace that it shall speak for; default: the caller's */
	static open(namespace?: number): Conntrack {
		return new Conntrack(NetlinkSocket.open(NETLINK_NETFILTER, namespace));
	}

	close(): void {
		this.#socket.close();
	}

	/** Takes 10 ms, and 5 µs for each connection. @param match default: all */
	list(match?: ConnectionMatch): TrackedConnection[] {
		const fits = match ? matcher([match]) : () => true;
		const family = match ? onlyFamilyOf([match]) : 0;
		return this.#dump(family, (payload) => (fits(payload) ? decodeConnection(payload) : undefined));
	}

	/** The same with state and counters. */
	listFlows(): TrackedFlow[] {
		return this.#dump(0, decodeFlow);
	}

	/**
	 * Forget the connections that fit any of these. Their next packet starts a new connection, which goes through the
	 * rules as they are then.
	 *
	 * Takes 0.3 ms for each match that the kernel can apply itself (see `isForKernel`) and at least 10 ms for all others
	 * together. With 100,000 connections in the table it is 30 ms and up to 600 ms.
	 *
	 * @throws TypeError for a match that says nothing; NetlinkError
	 */
	drop(...matches: readonly ConnectionMatch[]): void {
		const { filtered, listed } = this.#divide(matches);
		const few = filtered.length <= MOST_FILTERS;
		try {
			if (few) for (const deletion of filtered.flatMap(deletionsOf)) this.#socket.request(deletion);
		} catch (error) {
			this.#refused(error);
			this.#dropListed(matches);
			return;
		}
		this.#dropListed(few ? listed : matches);
	}

	/**
	 * The same, where the main thread goes on while the kernel applies matches itself. For hundreds of matches `drop` is
	 * done sooner: it goes through the table once and not for each.
	 */
	async dropInBackground(...matches: readonly ConnectionMatch[]): Promise<void> {
		const { filtered, listed } = this.#divide(matches);
		try {
			for (const deletion of filtered.flatMap(deletionsOf)) await this.#socket.requestInBackground(deletion);
		} catch (error) {
			this.#refused(error);
			this.#dropListed(matches);
			return;
		}
		this.#dropListed(listed);
	}

	/** Those that the kernel may be trusted with, and those to be looked for in a list of everything. */
	#divide(matches: readonly ConnectionMatch[]): { filtered: ConnectionMatch[]; listed: ConnectionMatch[] } {
		for (const match of matches) familiesOf(match);
		const trusted = (match: ConnectionMatch) => this.#filters && isForKernel(match);
		return { filtered: matches.filter(trusted), listed: matches.filter((match) => !trusted(match)) };
	}

	/** A kernel without filters takes half a name for a mistake, or says that it has none. */
	#refused(error: unknown): void {
		if (!hasCode(error, 'EOPNOTSUPP', 'EINVAL')) throw error;
		this.#filters = false;
	}

	#dropListed(matches: readonly ConnectionMatch[]): void {
		if (matches.length === 0) return;
		const fits = matcher(matches);
		const names = this.#dump(onlyFamilyOf(matches), (payload) => (fits(payload) ? nameOf(payload) : undefined));
		for (const { family, attributes } of names)
			try {
				this.#socket.request(request(DELETE, encodePayload(family, attributes)));
			} catch (error) {
				// It ended by itself meanwhile.
				if (!hasCode(error, 'ENOENT')) throw error;
			}
	}

	#dump<T>(family: Family | 0, decode: (payload: Buffer) => T | undefined): T[] {
		return this.#socket.dump(request(GET, encodePayload(family, [])), decode);
	}
}

function request(type: number, payload: Buffer): Request {
	return { type, payload, words: type === GET ? 'list tracked connections' : 'forget tracked connections' };
}

function deletionsOf(match: ConnectionMatch): Request[] {
	return familiesOf(match).map((family) => request(DELETE, encodePayload(family, encodeFilter(family, match))));
}

/** The kernel lists one family or both. */
function onlyFamilyOf(matches: readonly ConnectionMatch[]): Family | 0 {
	const families = new Set(matches.flatMap(familiesOf));
	const [only] = families;
	return families.size === 1 && only ? only : 0;
}
