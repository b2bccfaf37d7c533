import type { ApplyOptions } from '#host/driver.ts';
import { familyOf } from '#inet/family.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { portKey } from '#model/port.ts';
import { type Conntrack, PROTOCOL } from '#os/linux/netlink/filter/conntrack.ts';
import { type Nftables, NftablesError } from '#os/linux/nftables.ts';
import type { PartHandler } from '../handler.ts';
import type { IngressInterfaces, Uplinks } from '../network/ingress/ingress-interfaces.ts';
import { describePorts, leadsByCable, portQuestion, publishedElements } from './port-rules.ts';
import type { TableElements } from './table-elements.ts';

const NUMBERS = { tcp: PROTOCOL.TCP, udp: PROTOCOL.UDP, sctp: PROTOCOL.SCTP } as const;

/** So many ports are looked for one by one among tracked connections, and more than these all at once. */
const SINGLY = 16;

/** @throws KleeneError where a process of the host waits on one of these ports, which publishing would shut off */
export type PortCheck = (part: PublishedPortsPart) => void;

export interface PublisherOptions {
	readonly elements: TableElements;
	readonly nft: Nftables;
	readonly conntrack: Conntrack;
	readonly ways: IngressInterfaces;
	readonly forwarding: Uplinks;
	/** Undefined: nobody sends or waits there, the table only holds rules. */
	readonly requireUnused: PortCheck | undefined;
}

/** Ports of the host that lead to containers, and the connections that came in by them. */
export class PortPublisher implements PartHandler<'published-ports'> {
	readonly #options: PublisherOptions;
	/** Ports that were found unused when they were published: a process that takes one later does not take it away. */
	readonly #published = new Set<string>();

	constructor(options: PublisherOptions) {
		this.#options = options;
	}

	make(part: PublishedPortsPart, { found }: ApplyOptions): Promise<void> | undefined {
		if (!found) return this.#publish(part);
		this.#take(part);
		return undefined;
	}

	/** Connections that came in by these ports end with them: a later holder of a port must not get their packets. */
	async unmake(part: PublishedPortsPart): Promise<void> {
		const { ways, elements, conntrack } = this.#options;
		this.#published.delete(userOf(part));
		ways.leave(userOf(part));
		elements.remove(publishedElements(part));
		const protocol = NUMBERS[part.protocol];
		await conntrack.dropInBackground({ protocol, reply: { source: part.target } });
	}

	describe(verb: 'make' | 'unmake', part: PublishedPortsPart): string[] {
		return describePorts(verb, part);
	}

	/** One transaction; an element that another container holds makes the whole fail. */
	#publish(part: PublishedPortsPart): Promise<void> | undefined {
		const { elements, requireUnused } = this.#options;
		if (!this.#published.has(userOf(part))) this.#requireFree(part);
		elements.add(publishedElements(part));
		this.#take(part);
		return part.protocol === 'udp' && requireUnused ? this.#redirectSenders(part) : undefined;
	}

	/** State outside the table. */
	#take(part: PublishedPortsPart): void {
		const { ways, forwarding } = this.#options;
		this.#published.add(userOf(part));
		const family = familyOf(part.target);
		ways.use(userOf(part), part.arrivesOn, [family]);
		if (family === 4 || leadsByCable(part)) forwarding.letLoopbackOut(part.interface, family);
	}

	/**
	 * Redirect senders of datagrams that had no receiver: the next one reaches the container. A sender whose
	 * datagrams lead somewhere keeps its connection: the port may have been published all the while, too.
	 */
	async #redirectSenders({ first, last, hostAddress, target }: PublishedPortsPart): Promise<void> {
		const { conntrack } = this.#options;
		const family = familyOf(target);
		const to = hostAddress === '' ? {} : { destination: hostAddress };
		const matches = Array.from({ length: last - first + 1 }, (_, offset) => {
			const original = { ...to, destinationPort: first + offset };
			return { family, protocol: PROTOCOL.UDP, original, untranslated: true } as const;
		});
		if (matches.length > SINGLY) conntrack.drop(...matches);
		else await conntrack.dropInBackground(...matches);
	}

	/** Ports of a container that outlived the daemon are published already. */
	#requireFree(part: PublishedPortsPart): void {
		try {
			this.#options.requireUnused?.(part);
		} catch (error) {
			if (!this.#leadsThere(part)) throw error;
		}
	}

	#leadsThere(part: PublishedPortsPart): boolean {
		try {
			this.#options.nft.run(portQuestion(part));
			return true;
		} catch (error) {
			if (error instanceof NftablesError) return false;
			throw error;
		}
	}
}

function userOf(part: PublishedPortsPart): string {
	return `port ${portKey(part)}`;
}
