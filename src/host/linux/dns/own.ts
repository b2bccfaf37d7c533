/** Answers names and addresses of containers; passes on other questions. */
import type { Answer } from 'dns-packet';
import { familyOf } from '#inet/family.ts';
import { CODE, type Reply } from './answer.ts';
import { addressOfReverseName, bareName, fullName, isBelowSuffix } from './domain-names.ts';
import { isStandardQuery, type Query } from './query.ts';

/** Seconds. An address may change hands with the next start of a container; zero is mistreated by some caches. */
const TTL = 1;

/**
 * The addresses that a name has for a container.
 *
 * @param network on whose gateway the question arrived
 * @param name in lower case, without final dot and without `.kleene`
 * @param source the address that asks: a container on several networks knows the names of all of them, whichever
 *   gateway it asks
 * @returns undefined: no container that this one may know has the name; no addresses: it has none at the moment
 */
export type Lookup = (
	network: string,
	name: string,
	source: string,
) => { readonly addresses: readonly string[] } | undefined;

/** The name of the container that has an address (canonical text), without `.kleene`; undefined: none of ours. */
export type ReverseLookup = (network: string, address: string, source: string) => string | undefined;

export interface Asked {
	readonly network: string;
	/** Address of who asks. */
	readonly source: string;
	/** Whether questions about other names are forwarded. */
	readonly forward: boolean;
}

export type OwnReply = Omit<Reply, 'limit'>;

export class OwnNames {
	readonly #lookup: Lookup;
	readonly #reverse: ReverseLookup;
	#turn = 0;

	constructor(lookup: Lookup, reverse: ReverseLookup) {
		this.#lookup = lookup;
		this.#reverse = reverse;
	}

	/** @returns undefined for a question to forward */
	reply(query: Query, asked: Asked): OwnReply | undefined {
		const recursion = asked.forward;
		if (!isStandardQuery(query)) return { code: CODE.notImplemented, recursion };
		if (query.edns && query.edns.version > 0) return { code: CODE.badVersion, recursion };
		// Whole zones: ours are no zones, and a transfer of another is many messages.
		if (query.type === 'AXFR' || query.type === 'IXFR') return { code: CODE.refused, recursion };
		const records = this.#records(query, asked);
		if (records) return { code: CODE.none, records, authoritative: true, recursion };
		if (isBelowSuffix(query.name)) return { code: CODE.noSuchName, authoritative: true, recursion };
		/*
		 * Why not REFUSED on a network without forwarding: both C libraries take it for a broken server. Tried: musl 1.2.3
		 * waits five seconds for each name and gives up before the rest of its search list, names of containers included;
		 * glibc 2.36 says "temporary failure". On NXDOMAIN both go on to the next entry and end with "no such name" within
		 * 2 ms. From inside it is also the truth: on this network no such name exists.
		 */
		return asked.forward ? undefined : { code: CODE.noSuchName, recursion };
	}

	/** Empty: the name is ours and has no record of this type. */
	#records(query: Query, asked: Asked): Answer[] | undefined {
		if (query.class !== 'IN' && query.class !== 'ANY') return undefined;
		return this.#reverseRecords(query, asked) ?? this.#addressRecords(query, asked);
	}

	#addressRecords({ name, type }: Query, { network, source }: Asked): Answer[] | undefined {
		const addresses = this.#lookup(network, bareName(name), source)?.addresses;
		if (!addresses) return undefined;
		const records: Answer[] = [];
		for (const data of addresses) {
			const family = familyOf(data) === 4 ? 'A' : 'AAAA';
			if (type === family || type === 'ANY') records.push({ type: family, name, ttl: TTL, data });
		}
		return this.#takeTurns(records);
	}

	/** An alias of several containers: each comes first once. */
	#takeTurns(records: Answer[]): Answer[] {
		if (records.length < 2) return records;
		this.#turn = (this.#turn + 1) % records.length;
		return [...records.slice(this.#turn), ...records.slice(0, this.#turn)];
	}

	#reverseRecords({ name, type }: Query, { network, source }: Asked): Answer[] | undefined {
		const address = addressOfReverseName(name);
		const found = address === undefined ? undefined : this.#reverse(network, address, source);
		if (found === undefined) return undefined;
		const wanted = type === 'PTR' || type === 'ANY';
		return wanted ? [{ type: 'PTR', name, ttl: TTL, data: fullName(found) }] : [];
	}
}
