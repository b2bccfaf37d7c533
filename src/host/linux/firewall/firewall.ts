import { messageOf } from '#errors/kleene-error.ts';
import type { HostEvent } from '#host/driver.ts';
import type { Family } from '#inet/family.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { FilterMemberPart, NetworkFilterPart } from '#model/parts/network-filter.ts';
import { Conntrack } from '#os/linux/netlink/filter/conntrack.ts';
import { NftTable } from '#os/linux/netlink/filter/nft-table.ts';
import { within } from '#os/linux/netns.ts';
import { Nftables, NftablesError } from '#os/linux/nftables.ts';
import type { PartHandler } from '../handler.ts';
import { IngressInterfaces, type Uplinks } from '../network/ingress/ingress-interfaces.ts';
import { CHAIN_OF_0_1, renderBase, TABLE, TABLE_NAME, type TableFeatures } from './base.ts';
import { limitElements, limitKeys } from './limit-rules.ts';
import { mismatched } from './mismatched-connections.ts';
import { type PortCheck, PortPublisher } from './port-publisher.ts';
import { REFUSAL_CHAINS, renderRefusals } from './refusals/chains.ts';
import { type RefusalCount, readRefusals } from './refusals/counts.ts';
import {
	asymmetricElements,
	elementRemoval,
	memberElements,
	networkElements,
	networkRemoval,
	renderElements,
	renderNetwork,
} from './rules.ts';
import { isMissing, nftLines, TableElements } from './table-elements.ts';

/**
 * The firewall of the host: one table of ours, changed by elements. Each change is one transaction, a network two.
 * The table comes with the first network and goes with the last one.
 */
export class Firewall {
	readonly members: PartHandler<'filter-member'>;
	readonly asymmetricSources: PartHandler<'asymmetric-source'>;
	readonly ports: PartHandler<'published-ports'>;
	readonly #nft: Nftables;
	readonly #table: NftTable;
	readonly #elements: TableElements;
	readonly #networks = new Set<string>();
	/** Whether the fixed chains were made, and not just found, in this daemon's time. */
	#hasBase = false;
	readonly #ways: IngressInterfaces;
	readonly #conntrack: Conntrack;
	/** Of the kernel, once they were tried. */
	#features: TableFeatures | undefined;
	/** Group of nfnetlink_log that refused packets are reported to; undefined: nobody listens. */
	#group: number | undefined;
	#closed = false;
	/** Whether the table was found with rules of a version that reported nothing. Undefined: not looked yet. */
	#silent: boolean | undefined;

	/**
	 * @param hostNamespace descriptor of the network namespace that is the host; undefined: the daemon's own
	 * @param requireUnused undefined: nobody sends or waits there, it only holds rules
	 */
	constructor(hostNamespace: number | undefined, forwarding: Uplinks, requireUnused?: PortCheck) {
		this.#conntrack = Conntrack.open(hostNamespace);
		this.#table = NftTable.open(TABLE_NAME, hostNamespace);
		this.#nft = hostNamespace === undefined ? new Nftables() : within(hostNamespace, () => new Nftables());
		const elements = new TableElements(this.#table);
		this.#elements = elements;
		this.#ways = new IngressInterfaces(forwarding, elements);
		this.members = elements.handlerOf<FilterMemberPart>(memberElements);
		this.asymmetricSources = elements.handlerOf(asymmetricElements);
		const shared = { elements, nft: this.#nft, conntrack: this.#conntrack, ways: this.#ways };
		this.ports = new PortPublisher({ ...shared, forwarding, requireUnused });
	}

	readonly networks: PartHandler<'network-filter'> = {
		make: (part, { found }) => {
			if (!found) return this.#makeNetwork(part);
			this.#renew(part);
			this.#takeNetwork(part);
		},
		unmake: (part) => this.#unmakeNetwork(part),
		describe: (verb, part) => {
			if (verb === 'make') return nftLines(renderNetwork(part) + renderElements(networkElements(part)));
			return nftLines([...elementRemoval(networkElements(part)), ...networkRemoval(part)].join('\n'));
		},
	};

	/** A kernel that cannot count connections enforces no limit. */
	readonly sourceLimits: PartHandler<'source-limit'> = {
		make: (part, { found }) => {
			if (found || !this.#table.hasChain('limits')) return;
			this.#elements.replace(limitElements(part), limitKeys(part));
		},
		unmake: (part) => {
			if (!this.#table.hasChain('limits')) return;
			const known = part.connections + part.questions > 0;
			this.#elements.remove(known ? limitElements(part) : limitKeys(part));
		},
		describe: (verb, part) => {
			const elements = limitElements(part);
			return nftLines(verb === 'make' ? renderElements(elements) : elementRemoval(elements).join('\n'));
		},
	};

	/** Whether our table is there. */
	isPresent(): boolean {
		return this.#table.hasChain('forward');
	}

	/**
	 * Makes the table with its fixed rules again when somebody else took any of it away (networks and ports are parts of
	 * their own), and lets packets for containers in on interfaces that came.
	 */
	follow({ kind }: HostEvent, log: { warn(fields: object, message: string): void }): void {
		if (kind === 'addressing-changed') this.#ways.follow();
		if (kind !== 'firewall-changed' || this.#networks.size === 0) return;
		try {
			this.#makeBase();
			this.#ways.restore();
		} catch (error) {
			// A foreign object may be in the way: then the parts that stand on it report it, and nothing ends.
			const hint = 'delete it with "nft delete table inet kleene", and it is made anew';
			log.warn({ error: messageOf(error), hint }, 'cannot restore table inet kleene');
		}
	}

	/** See `mismatched`. Takes 10 ms, and 5 µs for each tracked connection. */
	forgetMismatched(filters: readonly NetworkFilterPart[], own: ReadonlySet<string>): void {
		const matches = mismatched(this.#conntrack.list(), filters, own);
		if (matches.length > 0) this.#conntrack.drop(...matches);
	}

	/**
	 * Reports refused packets to a group of nfnetlink_log from now on, also of a table that is made later. Undefined: no more.
	 *
	 * @throws NftablesError where the kernel has no nfnetlink_log
	 */
	report(group: number | undefined): void {
		this.#group = group;
		if (this.#closed || !this.isPresent()) return;
		if (this.#hasChains()) this.#nft.run(renderRefusals(TABLE, group));
		else this.#makeBase();
	}

	/** Refused packets by chain since the table was made; none without the table. */
	refusals(): RefusalCount[] {
		return !this.#closed && this.isPresent() ? readRefusals(this.#nft.query(`list counters table ${TABLE}`)) : [];
	}

	/** Whether refusals have chains of their own, which tables of earlier versions lack. */
	#hasChains(): boolean {
		const [first = ''] = REFUSAL_CHAINS.keys();
		return this.#table.hasChain(first);
	}

	/** Rules of an earlier version, which report nothing, are replaced; elements and connections stay. */
	#renew(part: NetworkFilterPart): void {
		this.#silent ??= !this.#hasChains();
		if (!this.#silent || !this.isPresent()) return;
		if (!this.#hasBase) this.#makeBase();
		this.#nft.run(renderNetwork(part));
	}

	/** Somebody made the host a router, or no router any more. */
	reconsider(): void {
		this.#ways.reconsider();
	}

	#makeNetwork(part: NetworkFilterPart): void {
		if (!this.#hasBase || !this.isPresent()) this.#makeBase();
		this.#nft.run(renderNetwork(part));
		try {
			this.#elements.add(networkElements(part));
		} catch (error) {
			this.#forgetNetwork(part);
			throw error;
		}
		this.#takeNetwork(part);
	}

	/** State outside the table: the interfaces of the host on which its packets arrive. */
	#takeNetwork(part: NetworkFilterPart): void {
		this.#networks.add(part.network);
		if (part.shared) this.#ways.share(part.network, part.interface);
		else this.#ways.own(part.interface);
		this.#ways.use(`network ${part.network}`, part.uplink, familiesOf(part));
		// Some may have been closed since.
		if (part.uplink === EVERY_UPLINK) this.#ways.follow();
	}

	#makeBase(): void {
		// Sets and chains of version 0.1 had other names. Everything that it held is made again with the networks.
		if (!this.#hasBase && this.#table.hasChain(CHAIN_OF_0_1)) this.#nft.run(`delete table ${TABLE}`);
		const candidates = this.#features ? [this.#features] : FEATURES;
		for (const [index, features] of candidates.entries())
			try {
				this.#nft.run(renderBase(features, this.#group));
				this.#features = features;
				break;
			} catch (error) {
				if (!(error instanceof NftablesError) || index === candidates.length - 1) throw error;
			}
		this.#hasBase = true;
	}

	#forgetNetwork(part: NetworkFilterPart): void {
		try {
			this.#remove(networkRemoval(part));
		} catch {
			// It was there before, and elements lead to it.
		}
	}

	#unmakeNetwork(part: NetworkFilterPart): void {
		this.#networks.delete(part.network);
		this.#ways.leave(`network ${part.network}`);
		this.#ways.unshare(part.network);
		this.#ways.disown(part.interface);
		if (this.#networks.size === 0) {
			this.#hasBase = false;
			this.#remove([`delete table ${TABLE}`]);
		} else {
			this.#elements.remove(networkElements(part));
			this.#remove(networkRemoval(part));
		}
	}

	/** In one transaction; where something of it is gone already, what is left one by one. */
	#remove(commands: readonly string[]): void {
		try {
			this.#nft.run(`${commands.join('\n')}\n`);
		} catch (error) {
			if (!isMissing(error)) throw error;
			for (const command of commands.length > 1 ? commands : []) this.#remove([command]);
		}
	}

	/** Listeners may leave later: rules that report to them are taken away before. */
	close(): void {
		try {
			if (this.#group !== undefined) this.report(undefined);
		} catch {
			// Rules that report to nobody are replaced when somebody listens again.
		}
		this.#closed = true;
		this.#nft.close();
		this.#table.close();
		this.#conntrack.close();
	}
}

/** The first that the kernel takes is what it has. */
const FEATURES: readonly TableFeatures[] = [
	{ sockets: true, limits: true },
	{ sockets: false, limits: true },
	{ sockets: true, limits: false },
	{ sockets: false, limits: false },
];

function familiesOf({ subnet, subnet6 }: NetworkFilterPart): Family[] {
	return [...(subnet ? [4 as const] : []), ...(subnet6 ? [6 as const] : [])];
}
