import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { type Family, familyOf } from '#inet/family.ts';
import type { FilterMemberPart, NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { portKey } from '#model/port.ts';
import { hasCode } from '#os/errno.ts';
import { Conntrack, PROTOCOL } from '#os/linux/netlink/filter/conntrack.ts';
import { NftTable } from '#os/linux/netlink/filter/nft-table.ts';
import { within } from '#os/linux/netns.ts';
import { Nftables, NftablesError } from '#os/linux/nftables.ts';
import type { PartHandler } from '../handler.ts';
import { IngressInterfaces, type Uplinks } from '../network/ingress-interfaces.ts';
import { renderBase, TABLE, TABLE_NAME, typeOf } from './base.ts';
import { describePorts, leadsByCable, portQuestion, publishedElements } from './port-rules.ts';
import {
	type Element,
	elementRemoval,
	memberElements,
	networkElements,
	networkRemoval,
	renderElements,
	renderNetwork,
} from './rules.ts';

/** So many ports are looked for one by one among tracked connections, and more than these all at once. */
const SINGLY = 16;

/**
 * The firewall of the host: one table of ours, changed by elements. Each change is one transaction, a network two.
 * The table comes with the first network and goes with the last one.
 */
export class Firewall {
	readonly #nft: Nftables;
	readonly #table: NftTable;
	readonly #networks = new Set<string>();
	/** Whether the fixed chains were made, and not just found, in this daemon's time. */
	#hasBase = false;
	readonly #ways: IngressInterfaces;
	readonly #forwarding: Uplinks;
	readonly #conntrack: Conntrack;
	readonly #requireUnused: PortCheck | undefined;
	/** Ports that were found unused when they were published: a process that takes one later does not take it away. */
	readonly #published = new Set<string>();

	/**
	 * @param hostNamespace descriptor of the network namespace that is the host; undefined: the daemon's own
	 * @param requireUnused undefined: nobody sends or waits there, it only holds rules
	 */
	constructor(hostNamespace: number | undefined, forwarding: Uplinks, requireUnused?: PortCheck) {
		this.#forwarding = forwarding;
		this.#requireUnused = requireUnused;
		this.#conntrack = Conntrack.open(hostNamespace);
		this.#table = NftTable.open(TABLE_NAME, hostNamespace);
		this.#ways = new IngressInterfaces(forwarding, {
			add: (elements) => this.#table.add(elements.map(typed)),
			remove: (elements) => removePresent(this.#table, elements),
		});
		this.#nft = hostNamespace === undefined ? new Nftables() : within(hostNamespace, () => new Nftables());
	}

	readonly networks: PartHandler<'network-filter'> = {
		make: (part, { found }) => (found ? this.#takeNetwork(part) : this.#makeNetwork(part)),
		unmake: (part) => this.#unmakeNetwork(part),
		describe: (verb, part) => {
			if (verb === 'make') return nftLines(renderNetwork(part) + renderElements(networkElements(part)));
			return nftLines([...elementRemoval(networkElements(part)), ...networkRemoval(part)].join('\n'));
		},
	};

	readonly members: PartHandler<'filter-member'> = {
		make: (part, { found }) => (found ? undefined : this.#add(part, memberElements(part))),
		unmake: (part) => this.#takeOut(part, memberElements(part)),
		describe: (verb, part) => {
			const elements = memberElements(part);
			return nftLines(verb === 'make' ? renderElements(elements) : elementRemoval(elements).join('\n'));
		},
	};

	readonly ports: PartHandler<'published-ports'> = {
		make: (part, { found }) => (found ? this.#takePorts(part) : this.#publish(part)),
		unmake: (part) => this.#withdraw(part),
		describe: (verb, part) => describePorts(verb, part),
	};

	/** Whether our table is there. */
	isPresent(): boolean {
		return this.#table.hasChain('forward');
	}

	/** The table with its fixed rules, when somebody else took any of it away. Networks and ports are parts of their own. */
	restore(): void {
		if (this.#networks.size === 0) return;
		this.#runBase();
		this.#ways.restore();
	}

	#makeNetwork(part: NetworkFilterPart): void {
		if (!this.#hasBase || !this.isPresent()) this.#makeBase(part);
		this.#run(part, renderNetwork(part));
		try {
			this.#add(part, networkElements(part));
		} catch (error) {
			this.#forgetNetwork(part);
			throw error;
		}
		this.#takeNetwork(part);
	}

	/** What is not in the table: on which interfaces of the host its packets come in. */
	#takeNetwork(part: NetworkFilterPart): void {
		this.#networks.add(part.network);
		if (part.shared) this.#ways.share(part.network, part.interface);
		this.#ways.use(`network ${part.network}`, part.uplink, familiesOf(part));
	}

	#makeBase(part: NetworkFilterPart): void {
		try {
			this.#runBase();
		} catch (error) {
			throw refuse(part, error);
		}
	}

	#runBase(): void {
		try {
			this.#nft.run(renderBase());
		} catch (error) {
			if (!(error instanceof NftablesError)) throw error;
			this.#nft.run(renderBase(false)); // A kernel without nft_socket.
		}
		this.#hasBase = true;
	}

	#forgetNetwork(part: NetworkFilterPart): void {
		try {
			this.#remove(part, networkRemoval(part));
		} catch {
			// It was there before, and elements lead to it.
		}
	}

	#unmakeNetwork(part: NetworkFilterPart): void {
		this.#networks.delete(part.network);
		this.#ways.leave(`network ${part.network}`);
		this.#ways.unshare(part.network);
		if (this.#networks.size === 0) {
			this.#hasBase = false;
			this.#remove(part, [`delete table ${TABLE}`]);
		} else {
			this.#takeOut(part, networkElements(part));
			this.#remove(part, networkRemoval(part));
		}
	}

	/** One transaction; an element that another container holds makes the whole fail. */
	#publish(part: PublishedPortsPart): Promise<void> | undefined {
		if (!this.#published.has(userOf(part))) this.#requireFree(part);
		this.#add(part, publishedElements(part));
		this.#takePorts(part);
		return part.protocol === 'udp' && this.#requireUnused ? this.#redirectSenders(part) : undefined;
	}

	#takePorts(part: PublishedPortsPart): void {
		this.#published.add(userOf(part));
		const family = familyOf(part.target);
		this.#ways.use(userOf(part), part.arrivesOn, [family]);
		if (family === 4 || leadsByCable(part)) this.#forwarding.letLoopbackOut(part.interface, family);
	}

	/**
	 * Who has sent datagrams to the port all the while, to nobody, is to reach the container with the next one. Whose
	 * datagrams lead somewhere keeps his connection: the port may have been published all the while, too.
	 */
	async #redirectSenders({ first, last, hostAddress, target }: PublishedPortsPart): Promise<void> {
		const family = familyOf(target);
		const to = hostAddress === '' ? {} : { destination: hostAddress };
		const matches = Array.from({ length: last - first + 1 }, (_, offset) => {
			const original = { ...to, destinationPort: first + offset };
			return { family, protocol: PROTOCOL.UDP, original, untranslated: true } as const;
		});
		if (matches.length > SINGLY) this.#conntrack.drop(...matches);
		else await this.#conntrack.dropInBackground(...matches);
	}

	/** Ports of a container that outlived the daemon are published already. */
	#requireFree(part: PublishedPortsPart): void {
		try {
			this.#requireUnused?.(part);
		} catch (error) {
			if (!this.#leadsThere(part)) throw error;
		}
	}

	#leadsThere(part: PublishedPortsPart): boolean {
		try {
			this.#nft.run(portQuestion(part));
			return true;
		} catch (error) {
			if (error instanceof NftablesError) return false;
			throw error;
		}
	}

	/** Connections that came in by these ports end with them: a later holder of a port must not get their packets. */
	async #withdraw(part: PublishedPortsPart): Promise<void> {
		this.#published.delete(userOf(part));
		this.#ways.leave(userOf(part));
		this.#takeOut(part, publishedElements(part));
		const protocol = part.protocol === 'tcp' ? PROTOCOL.TCP : PROTOCOL.UDP;
		await this.#conntrack.dropInBackground({ protocol, reply: { source: part.target } });
	}

	/** One transaction, whose cost is that of the elements alone: libnftables looks at all chains and sets first. */
	#add(part: FilterPart, elements: readonly Element[]): void {
		try {
			this.#table.add(elements.map(typed));
		} catch (error) {
			throw refuse(part, error);
		}
	}

	#takeOut(part: FilterPart, elements: readonly Element[]): void {
		try {
			removePresent(this.#table, elements);
		} catch (error) {
			throw refuse(part, error);
		}
	}

	#run(part: FilterPart, commands: string): void {
		try {
			this.#nft.run(commands);
		} catch (error) {
			throw refuse(part, error);
		}
	}

	/** The same with commands. */
	#remove(part: FilterPart, commands: readonly string[]): void {
		try {
			this.#nft.run(`${commands.join('\n')}\n`);
		} catch (error) {
			if (!isMissing(error)) throw refuse(part, error);
			for (const command of commands.length > 1 ? commands : []) this.#remove(part, [command]);
		}
	}

	close(): void {
		this.#nft.close();
		this.#table.close();
		this.#conntrack.close();
	}
}

/** All in one transaction; where something of it is gone already, what is left one by one. */
function removePresent(table: NftTable, elements: readonly Element[]): void {
	try {
		table.remove(elements.map(typed));
	} catch (error) {
		if (!isMissing(error)) throw error;
		for (const element of elements.length > 1 ? elements : []) removePresent(table, [element]);
	}
}

function typed({ set, element }: Element) {
	return { set, element, type: typeOf(set) };
}

function isMissing(error: unknown): boolean {
	return error instanceof NftablesError ? error.isMissing : hasCode(error, 'ENOENT');
}

/** @throws KleeneError where a process of the host waits on one of these ports, which publishing would shut off */
export type PortCheck = (part: PublishedPortsPart) => void;

function userOf(part: PublishedPortsPart): string {
	return `port ${portKey(part)}`;
}

function familiesOf({ subnet, subnet6 }: NetworkFilterPart): Family[] {
	return [...(subnet ? [4 as const] : []), ...(subnet6 ? [6 as const] : [])];
}

type FilterPart = NetworkFilterPart | FilterMemberPart | PublishedPortsPart;

function refuse(part: FilterPart, error: unknown): KleeneError {
	const subject = part.kind === 'published-ports' ? `port ${part.first}/${part.protocol}` : part.interface;
	return new KleeneError({
		code: 'HOST_FAILED',
		what: `cannot change the firewall for ${subject}`,
		why: messageOf(error).split('\n')[0] ?? '',
		hint: 'look at "nft list table inet kleene"',
		cause: error,
	});
}

function nftLines(commands: string): string[] {
	return commands
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => `nft ${line}`);
}
