import { parseAddress } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { contains, parseSubnet } from '#inet/subnet.ts';
import type { ObservedExcess } from '#model/host/observed.ts';
import { isOf, type KindOf, type Part, type PartOf } from '#model/part.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { parsePortProtocol } from '#model/port.ts';
import { LIMIT_SETS } from '../firewall/limit-rules.ts';
import type { TableEntry } from './table.ts';

const NETWORK_IN_NAME = /_([0-9a-f]{12})$/;
const PORT = /^(?:(\S+) \. )?(tcp|udp|sctp) \. (\d+)$/;
/** An interface and an address, or a block of them. */
const PLACE = /^([a-zA-Z0-9_.-]{1,15}) \. ([0-9a-f:.]+)(?:\/\d+)?$/;
const INTERFACE = /^[a-zA-Z0-9_.-]{1,15}$/;
const ADDRESS_AND_PORT = /^(\S+) \. (\d+)$/;

/** Which part an entry of the table belongs to: networks by id and addresses, cables by name, ports by number. */
export class FilterOwners {
	readonly #networks = new Map<string, Part>();
	readonly #interfaces = new Map<string, Part>();
	/** By subnet and by address of a resolver; by interface and address together where that is the key. */
	readonly #places = new Map<string, Part>();
	/** By interface, and address where there is one. */
	readonly #limits = new Map<string, Part>();
	readonly #ports = new Map<string, PublishedPortsPart[]>();

	constructor(parts: readonly Part[]) {
		for (const part of parts) if (isOf('firewall', part)) this.#add(part);
	}

	#add(part: PartOf<KindOf<'firewall'>>): void {
		switch (part.kind) {
			case 'network-filter':
				this.#networks.set(part.network, part);
				this.#interfaces.set(part.interface, part);
				for (const place of [part.subnet, part.subnet6, ...(part.resolvers ?? [])]) {
					this.#places.set(place, part);
					this.#places.set(`${part.interface} . ${place}`, part);
				}
				return;
			case 'filter-member':
				this.#interfaces.set(part.interface, part);
				return;
			case 'asymmetric-source':
				this.#places.set(`${part.interface} . ${part.address}`, part);
				return;
			case 'source-limit':
				this.#limits.set(part.address ? `${part.interface} . ${part.address}` : part.interface, part);
				return;
			case 'published-ports':
				this.#addPorts(part);
				return;
			default:
				// A new kind does not compile.
				part satisfies never;
		}
	}

	#addPorts(part: PublishedPortsPart): void {
		for (let port = part.first; port <= part.last; port += 1) {
			const key = `${part.protocol} ${port}`;
			this.#ports.set(key, [...(this.#ports.get(key) ?? []), part]);
		}
	}

	/** The chains that all networks share stand and fall with any of them. */
	of(entry: TableEntry): Part | undefined {
		return this.known(entry) ?? [...this.#networks.values()][0];
	}

	known(entry: TableEntry): Part | undefined {
		if (entry.kind === 'element' && isLimit(entry)) return this.#limits.get(entry.key);
		if (entry.kind === 'element') {
			const owner = this.#interfaces.get(entry.key) ?? this.#places.get(entry.key) ?? this.#portOf(entry);
			if (owner) return owner;
		}
		return this.#networks.get(networkIn(entry.holder) ?? '');
	}

	#portOf({ key, value, holder }: TableEntry): Part | undefined {
		const tokens = key.split(' . ');
		const protocol = tokens.find((token) => parsePortProtocol(token));
		const family = holder.includes('6') ? 6 : 4;
		// Where a range is one element, its first port speaks for it.
		const number = tokens.at(-1)?.split('-')[0];
		const candidates = this.#ports.get(`${protocol} ${number}`) ?? [];
		const fitting = candidates.filter(({ target }) => familyOf(target) === family);
		return (
			fitting.find(({ hostAddress }) => hostAddress !== '' && tokens.includes(hostAddress)) ??
			fitting.find(({ hostAddress, target }) => hostAddress === '' && (value === '' || value.startsWith(target))) ??
			fitting[0]
		);
	}
}

function networkIn(text: string): string | undefined {
	return NETWORK_IN_NAME.exec(text)?.[1];
}

/** Foreign or left-over elements of our table, by the parts to unmake for their removal. */
export function explainExcess(entries: readonly TableEntry[], owners: FilterOwners): ObservedExcess[] {
	const strangers = new Map(
		entries.map((entry) => [entry.key, strangerOf(entry, owners)] as const).filter(([, id]) => id),
	);
	/** An interface or a subnet of a network that nobody knows is that network's wherever it is written. */
	const networkOf = (entry: TableEntry) =>
		strangerOf(entry, owners) ?? (entry.kind === 'element' ? networkOfKey(entry.key, strangers) : undefined);
	const byNetwork = Map.groupBy(entries, networkOf);
	const singles = byNetwork.get(undefined) ?? [];
	const elements = Map.groupBy(
		singles.filter(({ kind }) => kind === 'element'),
		(entry) => `${isLimit(entry)} ${entry.key}`,
	);
	return [
		...[...byNetwork].flatMap(([network, all]) => (network === undefined ? [] : [leftNetwork(network, all)])),
		...[...elements.values()].map((all) => strayElement(all[0]?.key ?? '', all, owners)),
		...singles
			.filter(({ kind }) => kind === 'chain' || kind === 'set')
			.map(({ kind, holder }) => ({ what: `${kind} ${holder}`, parts: [] })),
	];
}

/** @param strangers networks by what is theirs. An address is of the network in whose subnet it is. */
function networkOfKey(key: string, strangers: ReadonlyMap<string, string | undefined>): string | undefined {
	const address = parseAddress(key);
	if (!address) return strangers.get(PLACE.exec(key)?.[1] ?? key);
	return [...strangers].find(([theirs]) => {
		const subnet = parseSubnet(theirs);
		return subnet && contains(subnet, address);
	})?.[1];
}

function isInterface({ kind, key }: TableEntry): boolean {
	return kind === 'element' && INTERFACE.test(key) && !parseAddress(key);
}

/** The id of a network that no expected part speaks of. */
function strangerOf(entry: TableEntry, owners: FilterOwners): string | undefined {
	const network = networkIn(entry.holder) ?? networkIn(entry.value);
	if (network === undefined) return undefined;
	const known = owners.known({ kind: 'chain', holder: `net_${network}`, key: '', value: '' });
	return known ? undefined : network;
}

/** Its interfaces first: a chain that is led to cannot go. */
function leftNetwork(network: string, entries: readonly TableEntry[]): ObservedExcess {
	const interfaces = new Set(entries.filter(isInterface).map(({ key }) => key));
	const members = [...interfaces].map((name): Part => {
		return { kind: 'filter-member', network, interface: name, internal: true };
	});
	const resolvers = entries.map(({ key }) => key).filter((key) => parseAddress(key));
	const subnets = entries.map(({ key }) => key).filter((key) => parseSubnet(key));
	const home = entries
		.filter(({ holder }) => holder.startsWith('network_sources'))
		.map(({ key }) => PLACE.exec(key)?.[1]);
	const part: NetworkFilterPart = {
		kind: 'network-filter',
		network,
		shared: entries.some(({ holder }) => holder === `lan_${network}`),
		interface: home[0] ?? 'none',
		resolvers,
		subnet: subnets.find((key) => familyOf(key) === 4) ?? '',
		subnet6: subnets.find((key) => familyOf(key) === 6) ?? '',
		icc: true,
		internal: true,
		nat: '',
		uplink: '',
	};
	const sources = entries
		.filter(({ holder }) => holder.startsWith('asymmetric_sources'))
		.flatMap(({ key }) => removalOf(key, []) ?? []);
	const limits = [...new Set(entries.filter(isLimit).map(({ key }) => key))].map(strayLimit);
	return { what: `rules of a network ${network}`, parts: [...members, ...sources, ...limits, part] };
}

/** An element that nobody asked for, or one whose key is ours and whose value is not. */
function strayElement(key: string, entries: readonly TableEntry[], owners: FilterOwners): ObservedExcess {
	const what = `element ${key} of ${entries.map(({ holder }) => holder).join(', ')}`;
	const owner = entries.map((entry) => owners.known(entry)).find((part) => part !== undefined);
	// The same port may be left over in both families, each with a target of its own.
	const families = Map.groupBy(entries, ({ holder }) => holder.includes('6'));
	const groups = PORT.test(key) ? [...families.values()] : [entries];
	const parts = groups.flatMap((group) => removalOf(key, group) ?? []);
	return { what, parts, ...(owner ? { owner } : {}) };
}

/** The part whose unmaking takes the element with this key away, whatever it leads to. */
export function removalOf(key: string, entries: readonly TableEntry[]): Part | undefined {
	if (entries.some(isLimit)) return strayLimit(key);
	const port = PORT.exec(key);
	if (port) return strayPort(port, entries.find(({ value }) => ADDRESS_AND_PORT.test(value))?.value ?? '');
	const [, name, address] = PLACE.exec(key) ?? [];
	if (name !== undefined && address !== undefined && parseAddress(address))
		return { kind: 'asymmetric-source', container: '', interface: name, address };
	if (!INTERFACE.test(key) || parseAddress(key)) return undefined;
	const network = entries.map(({ holder, value }) => networkIn(holder) ?? networkIn(value)).find((id) => id) ?? '';
	const internal = entries.some(({ holder }) => holder === 'internal_interfaces');
	return { kind: 'filter-member', network, interface: key, internal };
}

/** Whether it is in a set of limits. */
function isLimit({ holder }: TableEntry): boolean {
	return LIMIT_SETS.has(holder);
}

function strayLimit(key: string): Part {
	const [, name = key, address = ''] = PLACE.exec(key) ?? [];
	return { kind: 'source-limit', interface: name, address, connections: 0, questions: 0 };
}

function strayPort([, hostAddress = '', protocol, number]: RegExpExecArray, value: string): Part | undefined {
	const [, target, targetPort] = ADDRESS_AND_PORT.exec(value) ?? [];
	if (!target) return undefined;
	const first = Number(number);
	return {
		kind: 'published-ports',
		container: '',
		protocol: parsePortProtocol(protocol ?? '') ?? 'tcp',
		hostAddress,
		arrivesOn: '',
		first,
		last: first,
		target,
		targetFirst: Number(targetPort),
		interface: '',
	};
}
