/**
 * pf as pf.conf(5) says and sys/netpfil/pf/pf.c does: a state, else translation (the first rule that matches), then filter
 * (the last one, or the first that is `quick`), anchors in the order of their names. States float between interfaces, and
 * belong to a direction: a packet that is forwarded has two.
 */
import { parseAddress } from '#inet/address.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { type Match, type Place, parseRuleset, type Rule, type Ruleset } from './rules.ts';

export interface Packet {
	readonly family: 4 | 6;
	readonly protocol: 'tcp' | 'udp' | 'icmp' | 'icmp6';
	readonly source: string;
	readonly destination: string;
	/** Of ICMP: the id, at both ends. */
	readonly sourcePort: number;
	readonly port: number;
	/** Opens a connection. */
	readonly first: boolean;
	readonly icmpType?: string;
}

/** A packet on its way through the host, with what pf noted on it. */
export interface Carried extends Packet {
	readonly tag: string;
}

export type Ruling =
	| { readonly verdict: 'pass'; readonly packet: Carried; readonly replyTo?: string }
	| { readonly verdict: 'drop' | 'return'; readonly rule: string };

interface Interfaces {
	/** Addresses of an interface in order, of `self` those of all. */
	addresses(name: string): readonly string[];
	groups(name: string): readonly string[];
}

type Ends = Pick<Packet, 'source' | 'sourcePort' | 'destination' | 'port'>;

interface State {
	readonly direction: 'in' | 'out';
	readonly protocol: string;
	/** As on the wire, and as the host sees it: they differ by what was translated. */
	readonly wire: Ends;
	readonly stack: Ends;
	readonly tag: string;
	readonly replyTo: string | undefined;
}

export class PacketFilter {
	readonly #anchors = new Map<string, Ruleset>();
	readonly #states: State[] = [];
	readonly #interfaces: Interfaces;
	/** Rules that stopped a packet, for the messages of tests. */
	readonly members = new Map<string, string[]>();
	#nextPort = 50001;

	/** @param main the ruleset of the host's own pf.conf */
	constructor(interfaces: Interfaces, main: string) {
		this.#interfaces = interfaces;
		this.#anchors.set('', parseRuleset(main));
	}

	load(name: string, text: string): void {
		this.#anchors.set(name, parseRuleset(text));
	}

	/** `pfctl -a NAME -t TABLE -T add`. */
	addToTable(name: string, address: string): void {
		this.members.set(name, [...(this.members.get(name) ?? []), address]);
	}

	test(direction: 'in' | 'out', on: string, packet: Carried): Ruling {
		const known = this.#throughState(direction, packet);
		if (known) return known;
		const context = { direction, on };
		const translated = this.#translate(context, packet);
		const { rule, tag } = this.#filter(context, translated);
		if (rule?.action === 'block') return { verdict: rule.answer, rule: rule.text };
		const passed = { ...translated, tag };
		if (rule?.state || endsOf(translated) !== endsOf(packet)) this.#keep(direction, packet, passed, rule?.replyTo);
		return { verdict: 'pass', packet: passed };
	}

	#keep(direction: 'in' | 'out', before: Carried, after: Carried, replyTo: string | undefined): void {
		const [wire, stack] = direction === 'in' ? [before, after] : [after, before];
		this.#states.unshift({ direction, protocol: before.protocol, wire, stack, tag: after.tag, replyTo });
	}

	#throughState(direction: 'in' | 'out', packet: Carried): Ruling | undefined {
		for (const state of this.#states) {
			if (state.protocol !== packet.protocol) continue;
			const [here, beyond] = direction === 'in' ? [state.wire, state.stack] : [state.stack, state.wire];
			const tag = state.tag || packet.tag;
			if (state.direction === direction && endsOf(here) === endsOf(packet))
				return { verdict: 'pass', packet: { ...packet, ...ends(beyond), tag } };
			if (state.direction !== direction && endsOf(turned(here)) === endsOf(packet)) {
				const answered = { ...packet, ...turned(beyond), tag };
				return { verdict: 'pass', packet: answered, ...(state.replyTo ? { replyTo: state.replyTo } : {}) };
			}
		}
		return undefined;
	}

	#translate(context: Context, packet: Carried): Carried {
		const action = context.direction === 'in' ? 'rdr' : 'nat';
		for (const [rule, path] of this.#inOrder(action, context, packet)) {
			if (rule.action !== action || !this.#matches(rule, path, context, packet)) continue;
			if (rule.no || !rule.target) return packet;
			const tag = rule.tag ?? packet.tag;
			const address = this.#addressOf(rule.target.place, packet.family);
			if (action === 'nat') return { ...packet, source: address, sourcePort: this.#nextPort++, tag };
			const offset = rule.target.keepOffset ? packet.port - (rule.port?.first ?? 0) : 0;
			return { ...packet, destination: address, port: (rule.target.port ?? packet.port) + offset, tag };
		}
		return packet;
	}

	#filter(context: Context, packet: Carried): { rule: Rule | undefined; tag: string } {
		let { tag } = packet;
		let last: Rule | undefined;
		for (const [rule, path] of this.#inOrder('filter', context, packet, () => tag)) {
			if (!this.#matches(rule, path, context, { ...packet, tag })) continue;
			tag = rule.tag ?? tag;
			last = rule;
			if (rule.quick) break;
		}
		return { rule: last, tag };
	}

	/** Rules of the kind in the order of asking, anchors entered where they stand. */
	*#inOrder(
		kind: 'nat' | 'rdr' | 'filter',
		context: Context,
		packet: Carried,
		tag = () => packet.tag,
		path = '',
	): Generator<[Rule, string]> {
		const enter = kind === 'filter' ? 'anchor' : `${kind}-anchor`;
		for (const rule of this.#anchors.get(path)?.rules ?? []) {
			if (rule.action === enter) {
				if (!this.#matches(rule, path, context, { ...packet, tag: tag() })) continue;
				for (const child of this.#called(rule.name, path)) yield* this.#inOrder(kind, context, packet, tag, child);
			} else if (kind === 'filter' ? ['pass', 'block'].includes(rule.action) : rule.action === kind) yield [rule, path];
		}
	}

	#called(name: string, path: string): string[] {
		const whole = path === '' ? name : `${path}/${name}`;
		if (!whole.endsWith('/*')) return [whole];
		const parent = whole.slice(0, -1);
		return [...this.#anchors.keys()]
			.filter((one) => one.startsWith(parent) && !one.slice(parent.length).includes('/'))
			.toSorted((one, other) => (one < other ? -1 : 1));
	}

	#matches(rule: Rule, path: string, { direction, on }: Context, packet: Carried): boolean {
		if (rule.direction && rule.direction !== direction) return false;
		if (rule.on && isOn(rule.on.value, on, this.#interfaces) === rule.on.not) return false;
		if (rule.family && rule.family !== packet.family) return false;
		if (rule.protocol && rule.protocol !== packet.protocol) return false;
		if (rule.icmpType && rule.icmpType !== packet.icmpType) return false;
		if (!this.#isAt(rule.from, packet.source, path) || !this.#isAt(rule.to, packet.destination, path)) return false;
		if (rule.port && (packet.port < rule.port.first || packet.port > rule.port.last)) return false;
		if (rule.port && !['tcp', 'udp'].includes(packet.protocol)) return false;
		if (rule.tagged && (rule.tagged.value === packet.tag) === rule.tagged.not) return false;
		return !(rule.synOnly && packet.protocol === 'tcp' && !packet.first);
	}

	#isAt({ not, value }: Match<Place>, address: string, path: string): boolean {
		return this.#covers(value, address, path) !== not;
	}

	#covers(place: Place, address: string, path: string): boolean {
		if (place.kind === 'any') return true;
		if (place.kind === 'block') return isIn(place.block, address);
		if (place.kind === 'interface') {
			const all = this.#interfaces.addresses(place.name);
			return place.first ? firstOf(all, address.includes(':') ? 6 : 4) === address : all.includes(address);
		}
		return isInTable(this.#tableOf(place.name, path), address);
	}

	/** An anchor has its own tables; those of others, also above it, are not its own. */
	#tableOf(name: string, path: string): readonly Match<string>[] {
		const table = this.#anchors.get(path)?.tables.get(name);
		if (!table) throw new Error(`${path} has no table <${name}>`);
		return [...table, ...(this.members.get(path) ?? []).map((value) => ({ not: false, value }))];
	}

	#addressOf(place: Place, family: 4 | 6): string {
		if (place.kind === 'block') return place.block;
		if (place.kind !== 'interface') throw new Error('no single address to translate to');
		const address = firstOf(this.#interfaces.addresses(place.name), family);
		if (address === undefined) throw new Error(`${place.name} has no address to translate to`);
		return address;
	}
}

interface Context {
	readonly direction: 'in' | 'out';
	readonly on: string;
}

function isOn(wanted: string, name: string, interfaces: Interfaces): boolean {
	return wanted === name || interfaces.groups(name).includes(wanted);
}

/** The longest block decides, as in the radix tree that a table is. */
function isInTable(entries: readonly Match<string>[], address: string): boolean {
	const prefix = (block: string) => subnetOf(block)?.prefix ?? -1;
	const best = entries
		.filter(({ value }) => isIn(value, address))
		.toSorted((one, other) => prefix(other.value) - prefix(one.value))[0];
	return best !== undefined && !best.not;
}

/** Remembers: each packet is held against all rules, and there are few addresses. */
function remembering<T>(parse: (text: string) => T): (text: string) => T {
	const known = new Map<string, T>();
	return (text) => {
		let parsed = known.get(text);
		if (parsed === undefined) {
			parsed = parse(text);
			known.set(text, parsed);
		}
		return parsed;
	};
}

const subnetOf = remembering(parseSubnet);
const addressOf = remembering(parseAddress);

function isIn(block: string, text: string): boolean {
	const [subnet, address] = [subnetOf(block), addressOf(text)];
	if (!subnet || !address) throw new Error(`no block or no address: ${block}, ${text}`);
	return subnet.family === address.family && subnet.first <= address.value && address.value <= subnet.last;
}

function firstOf(addresses: readonly string[], family: 4 | 6): string | undefined {
	return addresses.find((one) => one.includes(':') === (family === 6) && !one.startsWith('fe80:'));
}

function ends({ source, sourcePort, destination, port }: Ends): Ends {
	return { source, sourcePort, destination, port };
}

function turned({ source, sourcePort, destination, port }: Ends): Ends {
	return { source: destination, sourcePort: port, destination: source, port: sourcePort };
}

function endsOf({ source, sourcePort, destination, port }: Ends): string {
	return `${source} ${sourcePort} ${destination} ${port}`;
}
