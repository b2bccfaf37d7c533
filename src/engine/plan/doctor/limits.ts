import { formatAddress, parseAddress } from '#inet/address.ts';
import { FAMILIES, type Family } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { assignable, formatSubnet, overlap, parseSubnetAround } from '#inet/subnet.ts';
import { unitOfHostEnd } from '#model/cable.ts';
import { addressesOf, macOfEndpoint } from '#model/endpoint.ts';
import { covers } from '#model/network.ts';
import type { Examination, Finding, NetworkState } from './finding.ts';
import { customsOf } from './host-customs.ts';

/** Percent from which on something is nearly full. */
const NEARLY_FULL = 90;

/** Addresses and MAC addresses that two hold, of whom one at least is ours. */
export function findDuplicates(examination: Examination): Finding[] {
	const holders = new Map<string, string[]>();
	const hold = (address: string, holder: string) => holders.set(address, [...(holders.get(address) ?? []), holder]);
	for (const { endpoints, network } of examination.networks)
		for (const endpoint of endpoints) {
			const name = examination.names.get(endpoint.containerId) ?? endpoint.containerId;
			for (const address of addressesOf(endpoint)) hold(address, `container ${name}`);
			hold(`${macOfEndpoint(endpoint)} on ${network.name}`, `container ${name}`);
		}
	const ours = [...holders.keys()];
	const addresses = new Set(ours);
	const shared = sharedIpnetAddresses(examination);
	for (const { name, addresses: own } of examination.observed.interfaces)
		for (const text of own) {
			const address = withoutPrefix(text);
			if (addresses.has(address) && !shared.has(`${address} ${name}`)) hold(address, `interface ${name} of the host`);
		}
	const twice = [...holders].filter(([, all]) => all.length > 1);
	const both = twice.map(([address, all]) => duplicate(address, all));
	return [...both, ...intruders(examination), ...strayRoutes(examination)];
}

/** Addresses that the host holds for running containers which share its stack. */
function sharedIpnetAddresses({ runs, inFlight, traits }: Examination): ReadonlySet<string> {
	if (traits.ipnetHasEpair) return new Set();
	const parts = [...runs.flatMap((run) => run.parts), ...inFlight];
	return new Set(parts.flatMap((part) => (part.kind === 'ipnet-address' ? [`${part.address} ${part.interface}`] : [])));
}

function duplicate(address: string, holders: readonly string[]): Finding {
	return {
		kind: 'duplicate',
		about: address,
		severity: 'error',
		subject: holders[0] ?? 'host',
		what: `${address} is held by ${holders.join(' and ')}`,
		why: 'packets reach either of them at random',
		hint: 'give one of them another address: "klee network disconnect", then "klee network connect --ip ..."',
		steps: [],
		owners: [],
	};
}

/** Interfaces of the host that came into the subnet of a network after it was made. */
function intruders({ networks, observed }: Examination): Finding[] {
	const own = new Set(networks.map(({ network }) => network.interface));
	return observed.interfaces
		.filter(({ name }) => !own.has(name) && unitOfHostEnd(name) === undefined)
		.flatMap(({ name, addresses }) =>
			addresses.flatMap((text) => {
				const address = parseAddress(withoutPrefix(text));
				const state = address && networks.find(({ network }) => covers(network, address));
				return state ? [intruder(text, name, state)] : [];
			}),
		);
}

/** Routes that came into the subnet of a network after it was made, and lead its packets elsewhere. */
function strayRoutes({ networks, observed }: Examination): Finding[] {
	const own = new Set(networks.map(({ network }) => network.interface));
	return observed.routes
		.filter(({ interface: name }) => !own.has(name) && unitOfHostEnd(name) === undefined)
		.flatMap(({ destination, interface: name }) => {
			const block = parseSubnetAround(destination);
			const inside = ({ network }: NetworkState) => {
				const subnet = block && network.type !== 'custom' ? network.families[block.family]?.subnet : undefined;
				return subnet && block && subnet.prefix <= block.prefix && overlap(subnet, block);
			};
			const state = networks.find(inside);
			return state ? [strayRoute(destination, name, state)] : [];
		});
}

function strayRoute(destination: string, name: string, { network }: NetworkState): Finding {
	return {
		kind: 'duplicate',
		about: `route ${destination} by ${name}`,
		severity: 'error',
		subject: `network ${network.name}`,
		what: `the host routes ${destination} to ${name}, inside the subnet of the network`,
		why: `packets of the host for containers there leave by ${name}: names, published ports and the gateway fail`,
		hint: `remove the route (ip route delete ${destination} dev ${name}), or recreate the network with another subnet`,
		steps: [],
		owners: [],
	};
}

function intruder(address: string, name: string, { network }: NetworkState): Finding {
	return {
		kind: 'duplicate',
		about: `${address} on ${name}`,
		severity: 'error',
		subject: `network ${network.name}`,
		what: `interface ${name} of the host has the address ${address}, inside the subnet of the network`,
		why: `the host may send packets for containers out of ${name}`,
		hint: `take the address off ${name}, or recreate the network with another subnet`,
		steps: [],
		owners: [],
	};
}

export function findNearlyFull(examination: Examination): Finding[] {
	return examination.networks.flatMap((state) => [
		...fullBridge(state, examination),
		...FAMILIES.flatMap((family) => fullSubnet(state, family)),
	]);
}

function fullBridge({ network }: NetworkState, { observed, traits }: Examination): Finding[] {
	const { bridgePorts } = customsOf(traits);
	const ports = observed.interfaces.filter(({ bridge }) => bridge === network.interface).length;
	if (network.type !== 'bridge' || ports * 100 < bridgePorts * NEARLY_FULL) return [];
	const what = `bridge ${network.interface} has ${ports} of at most ${bridgePorts} ports`;
	const why = 'a vnet container that is one too many does not start';
	return [
		full(network.name, ports >= bridgePorts, {
			about: `bridge ${network.interface}`,
			what,
			why,
			hint: 'put further containers on another network',
		}),
	];
}

function fullSubnet({ network, endpoints }: NetworkState, family: Family): Finding[] {
	const own = network.families[family];
	if (!own) return [];
	const { subnet, gateway } = own;
	const { first, last } = assignable(subnet);
	const room = last - first + 1n;
	const held = endpoints.filter(({ addresses }) => addresses[family]).length;
	const used = BigInt(held + (gateway ? 1 : 0));
	if (used * 100n < room * BigInt(NEARLY_FULL)) return [];
	const range = `${formatAddress({ family, value: first })} to ${formatAddress({ family, value: last })}`;
	const what = `${used} of the ${room} addresses of ${formatSubnet(subnet)} are held (${range})`;
	const why = 'a container that finds no free address cannot be connected';
	const hint = 'disconnect containers that are not needed, or use a network with a larger subnet';
	return [full(network.name, used >= room, { about: formatSubnet(subnet), what, why, hint })];
}

function full(name: string, entirely: boolean, words: Pick<Finding, 'about' | 'what' | 'why' | 'hint'>): Finding {
	const severity = entirely ? 'error' : 'warning';
	return { kind: 'capacity', severity, subject: `network ${name}`, ...words, steps: [], owners: [] };
}
