import assert from 'node:assert/strict';
import { type Address, formatAddress, parseAddress } from '#inet/address.ts';
import { FAMILIES, type Family, familyEntries } from '#inet/family.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { type Reach, reach, type Sender, type Target } from '#model/reach/reach.ts';
import { FAR, NEIGHBOUR, UPLINK, type World, type WorldContainer } from './world.ts';

/** Something that one party asks of another, and its fate. */
export interface Question {
	/** Name of a container, `host`, `neighbour` or `far`. */
	readonly from: string;
	/** Who gets it where it arrives. */
	readonly to: string;
	readonly family: Family;
	readonly service: 'ping' | 'udp';
	/** That it is sent to. */
	readonly address: string;
	/** 0 for pings. */
	readonly port: number;
	/** Port of the target where it arrives. */
	readonly arrivesAt: number;
	readonly expected: Reach;
}

export function wordsOf({ from, to, address, port, service, expected }: Question): string {
	return `${from} → ${to} at ${address} ${service === 'ping' ? 'ping' : port}, ${expected.rule}`;
}

const WEB = 80;
/** Of a service of the host that is no name server. */
const HOST_SERVICE = 7;
const DNS = 53;

interface Asked {
	readonly to: string;
	readonly target: Target;
	readonly service: Question['service'];
	readonly port: number;
	readonly arrivesAt: number;
}

/** Everybody asks everybody, in both families. */
export function questionsOf(world: World): Question[] {
	return FAMILIES.flatMap((family) =>
		[...sendersOf(world, family)].flatMap(([from, sender]) =>
			targetsFor(world, family, from).map(({ to, target, ...rest }): Question => {
				const address = formatAddress(target.address);
				return { from, to, family, address, ...rest, expected: reach(sender, target) };
			}),
		),
	);
}

const at = (pair: readonly [string, string], family: Family): Address => {
	const text = pair[family === 4 ? 0 : 1];
	return parseAddress(text) ?? assert.fail(text);
};

function* sendersOf({ containers, networks }: World, family: Family): Generator<readonly [string, Sender]> {
	for (const [name, container] of containers) yield [name, { kind: 'container', container }];
	yield ['host', { kind: 'host' }];
	yield ['neighbour', { kind: 'neighbour', network: networks.c, address: at(NEIGHBOUR, family) }];
	yield ['far', { kind: 'outside', address: at(FAR, family) }];
}

function targetsFor(world: World, family: Family, from: string): Asked[] {
	const outside = from === 'neighbour' || from === 'far';
	const members = [...world.containers.values()].flatMap((one) => membersOf(one, family));
	const hosts = [at(UPLINK.addresses, family), ...(outside ? [] : gatewaysOf(world, family))];
	const loopback = from === 'host' ? [at(['127.0.0.1', '::1'], family)] : [];
	const ports = [...world.containers.values()].flatMap((one) =>
		[...hosts, ...loopback].flatMap((address) => portsOf(one, address)),
	);
	const beyond: Asked[] = outside
		? []
		: [
				udp('neighbour', { kind: 'neighbour', network: world.networks.c, address: at(NEIGHBOUR, family) }, WEB),
				udp('far', { kind: 'outside', address: at(FAR, family) }, WEB),
			];
	return [...members, ...ports, ...(from === 'host' ? [] : servicesOf(world, from, hosts)), ...beyond];
}

function udp(to: string, target: Target, port: number, arrivesAt = port): Asked {
	return { to, target, service: 'udp', port, arrivesAt };
}

function membersOf(container: WorldContainer, family: Family): Asked[] {
	const { name, endpoints } = container;
	return endpoints.flatMap(({ network, addresses }) => {
		const address = addresses[family];
		return address ? [udp(name, { kind: 'container', container, network, address }, WEB)] : [];
	});
}

function gatewaysOf({ networks }: World, family: Family): Address[] {
	return [networks.a, networks.b].flatMap(({ families }) => families[family]?.gateway?.address ?? []);
}

function portsOf(container: WorldContainer, address: Address): Asked[] {
	return container.ports.flatMap((part) => {
		const leadsTo = container.endpoints.find(({ addresses }) =>
			familyEntries(addresses).some(([, own]) => formatAddress(own) === part.target),
		);
		if (!leadsTo || parseAddress(part.target)?.family !== address.family) return [];
		const sources = part.from && { sources: part.from.flatMap((block) => parseSubnet(block) ?? []) };
		const target = { kind: 'port', container, network: leadsTo.network, address, ...sources } as const;
		return [udp(container.name, target, part.first, WEB)];
	});
}

/** At every address one that is nothing special, at the gateways of the sender's networks pings and names, too. */
function servicesOf({ containers }: World, from: string, addresses: readonly Address[]): Asked[] {
	const own = containers.get(from)?.endpoints ?? [];
	return addresses.flatMap((address) => {
		const isGateway = own.some(
			({ network }) => network.families[address.family]?.gateway?.address.value === address.value,
		);
		const target = { kind: 'host', address } as const;
		const plain = udp('host', { ...target, service: 'other' }, HOST_SERVICE);
		if (!isGateway) return [plain];
		const ping: Asked = { to: 'host', target: { ...target, service: 'ping' }, service: 'ping', port: 0, arrivesAt: 0 };
		return [plain, udp('host', { ...target, service: 'names' }, DNS), ping];
	});
}
