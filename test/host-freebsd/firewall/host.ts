/**
 * The way of a packet through a FreeBSD host, as far as pf sees it:
 * - to an address of the host's own, also that of an ipnet container: out of and into a loopback interface, marks lost;
 * - from a vnet container to another one on the bridge: into its member, into the bridge, out of it, out of the other member;
 * - from a vnet container to the host or beyond: into the bridge, then onward; from outside: into `em0`.
 * - Between the host and a bridge, members are not asked (`pfil_local_phys` is 0).
 * Addresses of an interface that is a loopback one are reached over it, those of others over `lo0`.
 */
import { parseAddress } from '#inet/address.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { type Carried, type Packet, PacketFilter, type Ruling } from './evaluator.ts';

export interface HostInterface {
	readonly name: string;
	readonly type: 'physical' | 'bridge' | 'loopback' | 'epair';
	/** In order: the host's own before those of ipnet containers. */
	readonly addresses: string[];
	/** Blocks that are reached over it. */
	readonly subnets: readonly string[];
	/** The host has no address there, and so no route. */
	readonly unrouted?: boolean;
	/** For bridges: its members exchange nothing with one another (`private`). */
	readonly apart?: boolean;
}

/** Somebody with a socket: `host`, a container, somebody on the wire of `em0`. */
export interface Party {
	readonly name: string;
	readonly driver: 'host' | 'ipnet' | 'vnet' | 'outside';
	/** For vnet: member and bridge of each network, in order; the first with a gateway of the family is the way out. */
	readonly cables?: readonly {
		member: string;
		bridge: string;
		addresses: readonly string[];
		gateways: readonly string[];
	}[];
	readonly addresses: readonly string[];
}

/** What became of a packet. */
export type Fate =
	| { readonly kind: 'delivered'; readonly to: string; readonly packet: Packet }
	| { readonly kind: 'stopped'; readonly how: 'refused' | 'dropped'; readonly why: string };

export interface Service {
	readonly protocol: 'tcp' | 'udp' | 'icmp';
	readonly port: number;
}

export type Outcome = 'answered' | 'refused' | 'silence';

export class FreeBsdHost {
	readonly filter: PacketFilter;
	readonly #interfaces: readonly HostInterface[];
	readonly #parties: readonly Party[];
	#sourcePort = 20000;
	/** Ends of its own conversations: a process of the host may speak from the address of an ipnet container. */
	readonly #hostSockets = new Set<string>();
	/** Why the last conversation failed, or whom it reached. */
	last = '';

	constructor(interfaces: readonly HostInterface[], parties: readonly Party[], main: string) {
		this.#interfaces = interfaces;
		this.#parties = parties;
		this.filter = new PacketFilter(
			{
				addresses: (name) =>
					(name === 'self' ? interfaces : interfaces.filter((one) => one.name === name)).flatMap(
						(one) => one.addresses,
					),
				groups: (name) => this.#groups(name),
			},
			main,
		);
	}

	/**
	 * A question and its answer. Answered is one where both arrive, the answer from the address and port that were asked.
	 *
	 * @returns also who got the question, from which address
	 */
	converse(
		from: string,
		destination: string,
		{ protocol, port }: Service,
	): { outcome: Outcome; to: string; seen: string } {
		const party = this.#party(from);
		const family = destination.includes(':') ? 6 : 4;
		const id = this.#sourcePort++;
		const question: Carried = {
			family,
			protocol: protocol === 'icmp' && family === 6 ? 'icmp6' : protocol,
			source: this.#sourceOf(party, destination),
			destination,
			sourcePort: id,
			port: protocol === 'icmp' ? id : port,
			first: true,
			tag: '',
			...(protocol === 'icmp' ? { icmpType: 'echoreq' } : {}),
		};
		if (party.driver === 'host') this.#hostSockets.add(`${question.source} ${id}`);
		const fate = this.#send(party, question);
		if (fate.kind === 'stopped') {
			this.last = fate.why;
			return { outcome: fate.how === 'refused' ? 'refused' : 'silence', to: '', seen: '' };
		}
		const got = fate.packet;
		const answer: Carried = {
			...got,
			...turned(got),
			first: false,
			tag: '',
			...(protocol === 'icmp' ? { icmpType: 'echorep' } : {}),
		};
		const back = this.#send(this.#party(fate.to), answer);
		const whole = back.kind === 'delivered' && back.to === from && same(back.packet, turned(question));
		this.last =
			back.kind === 'stopped'
				? `the answer: ${back.why}`
				: `the answer came from ${back.packet.source} ${back.packet.sourcePort} to ${back.to}`;
		return { outcome: whole ? 'answered' : 'silence', to: fate.to, seen: got.source };
	}

	/** The same packet, with a source that is not the sender's own, and no answer. */
	forge(from: string, source: string, destination: string, { protocol, port }: Service): Fate {
		const family = destination.includes(':') ? 6 : 4;
		const packet: Carried = {
			family,
			protocol,
			source,
			destination,
			sourcePort: this.#sourcePort++,
			port,
			first: true,
			tag: '',
		};
		return this.#send(this.#party(from), packet);
	}

	#party(name: string): Party {
		const party = this.#parties.find((one) => one.name === name);
		if (!party) throw new Error(`nobody is called ${name}`);
		return party;
	}

	#groups(name: string): string[] {
		const type = this.#interfaces.find((one) => one.name === name)?.type ?? (name.startsWith('epair') ? 'epair' : '');
		return type === 'loopback' ? ['lo', 'all'] : [type, 'all'];
	}

	#holder(address: string): HostInterface | undefined {
		return this.#interfaces.find((one) => one.addresses.includes(address));
	}

	#wayTo(address: string): HostInterface | undefined {
		return this.#interfaces.find((one) => !one.unrouted && one.subnets.some((block) => covers(block, address)));
	}

	#sourceOf(party: Party, destination: string): string {
		const six = destination.includes(':');
		const fits = (one: string) => one.includes(':') === six;
		if (party.driver === 'vnet') {
			const cable = this.#cableTo(party, destination);
			return cable?.addresses.find(fits) ?? party.addresses.find(fits) ?? '';
		}
		// Towards an address of its own a host speaks from that very address.
		if (party.driver === 'host') {
			if (this.#holder(destination)) return destination;
			return (this.#wayTo(destination) ?? this.#interfaces[0])?.addresses.find(fits) ?? '';
		}
		// A jail speaks from an address that it has on the interface of the destination, else from its first.
		const there = (this.#holder(destination) ?? this.#wayTo(destination))?.addresses ?? [];
		const own = party.addresses.filter(fits);
		return own.find((one) => there.includes(one)) ?? own[0] ?? '';
	}

	#cableTo({ cables = [] }: Party, destination: string) {
		const six = destination.includes(':');
		const direct = cables.find(({ bridge }) =>
			this.#interfaces.find(({ name }) => name === bridge)?.subnets.some((block) => covers(block, destination)),
		);
		return direct ?? cables.find(({ gateways }) => gateways.some((one) => one.includes(':') === six));
	}

	#send(party: Party, packet: Carried): Fate {
		if (party.driver === 'outside') return this.#arrive('em0', packet);
		if (party.driver !== 'vnet') return this.#emit(packet);
		if (party.addresses.includes(packet.destination)) return { kind: 'delivered', to: party.name, packet };
		const cable = this.#cableTo(party, packet.destination);
		if (!cable) return stopped('dropped', `${party.name} has no route to ${packet.destination}`);
		const neighbour = this.#parties.find((one) =>
			one.cables?.some(({ bridge, addresses }) => bridge === cable.bridge && addresses.includes(packet.destination)),
		);
		return neighbour ? this.#bridge(cable, neighbour, packet) : this.#arrive(cable.bridge, packet);
	}

	/** From member to member of one bridge. */
	#bridge({ member, bridge }: { member: string; bridge: string }, to: Party, packet: Carried): Fate {
		if (this.#interfaces.find(({ name }) => name === bridge)?.apart)
			return stopped('dropped', `members of ${bridge} are private`);
		const other = to.cables?.find((cable) => cable.bridge === bridge)?.member ?? '';
		let carried = packet;
		for (const [direction, on] of [
			['in', member],
			['in', bridge],
			['out', bridge],
			['out', other],
		] as const) {
			const ruling = this.filter.test(direction, on, carried);
			if (ruling.verdict !== 'pass') return ended(ruling, direction, on);
			carried = ruling.packet;
		}
		return { kind: 'delivered', to: to.name, packet: carried };
	}

	/** What came in on an interface: for the host, or forwarded. */
	#arrive(on: string, packet: Carried): Fate {
		const ruling = this.filter.test('in', on, packet);
		if (ruling.verdict !== 'pass') return ended(ruling, 'in', on);
		// reply-to: out of another interface instead of onward, which for a loopback one means in again.
		if (ruling.replyTo) return this.#over(ruling.replyTo, ruling.packet);
		const { destination, source, family } = ruling.packet;
		const holder = this.#holder(destination);
		if (holder) return { kind: 'delivered', to: this.#ownerOf(ruling.packet), packet: ruling.packet };
		if (family === 6 && source === '::1') return stopped('dropped', 'nothing from ::1 is forwarded');
		return this.#emit(ruling.packet);
	}

	#ownerOf({ destination, port }: Packet): string {
		if (this.#hostSockets.has(`${destination} ${port}`)) return 'host';
		return this.#parties.find((one) => one.driver === 'ipnet' && one.addresses.includes(destination))?.name ?? 'host';
	}

	/** What the host sends, its own or on behalf of others. */
	#emit(packet: Carried): Fate {
		const holder = this.#holder(packet.destination);
		if (holder) return this.#over(holder.type === 'loopback' ? holder.name : 'lo0', packet);
		const way = this.#wayTo(packet.destination)?.name ?? 'em0';
		const ruling = this.filter.test('out', way, packet);
		if (ruling.verdict !== 'pass') return ended(ruling, 'out', way);
		const { source, destination } = ruling.packet;
		if (source.startsWith('127.') || destination.startsWith('127.')) return stopped('dropped', `127.0.0.0/8 on ${way}`);
		const there = this.#parties.find(({ driver, cables = [], addresses }) =>
			driver === 'outside'
				? way === 'em0' && addresses.includes(destination)
				: cables.some((cable) => cable.bridge === way && cable.addresses.includes(destination)),
		);
		if (!there) return stopped('dropped', `nobody on ${way} has ${destination}`);
		return { kind: 'delivered', to: there.name, packet: ruling.packet };
	}

	/** Out of a loopback interface and in again. What pf noted on the packet does not survive that. */
	#over(loopback: string, packet: Carried): Fate {
		const ruling = this.filter.test('out', loopback, packet);
		if (ruling.verdict !== 'pass') return ended(ruling, 'out', loopback);
		return this.#arrive(loopback, { ...ruling.packet, tag: '' });
	}
}

function covers(block: string, text: string): boolean {
	const subnet = parseSubnet(block);
	const address = parseAddress(text);
	return (
		!!subnet &&
		!!address &&
		subnet.family === address.family &&
		subnet.first <= address.value &&
		address.value <= subnet.last
	);
}

function turned({ source, sourcePort, destination, port }: Packet) {
	return { source: destination, sourcePort: port, destination: source, port: sourcePort };
}

function same(packet: Packet, ends: ReturnType<typeof turned>): boolean {
	return (Object.keys(ends) as (keyof typeof ends)[]).every((key) => packet[key] === ends[key]);
}

function stopped(how: 'refused' | 'dropped', why: string): Fate {
	return { kind: 'stopped', how, why };
}

function ended(ruling: Exclude<Ruling, { verdict: 'pass' }>, direction: string, on: string): Fate {
	return stopped(ruling.verdict === 'return' ? 'refused' : 'dropped', `${direction} on ${on}: ${ruling.rule}`);
}
