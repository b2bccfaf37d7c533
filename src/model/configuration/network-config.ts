import { KleeneError } from '#errors/kleene-error.ts';
import { type Address, formatAddress, LINK_LOCAL_BLOCK, parseAddress } from '#inet/address.ts';
import { type Family, widthOf } from '#inet/family.ts';
import { splitPrefix } from '#inet/prefix.ts';
import {
	assignable,
	contains,
	formatSubnet,
	overlap,
	parseSubnet,
	parseSubnetAround,
	type Subnet,
} from '#inet/subnet.ts';
import { parseNetworkName } from '../ids.ts';
import { AUTO, HOST_GATEWAY, type NetworkConfig, type NewNetwork, networkOf } from '../network.ts';
import { requireInterfaceName } from './interface-name.ts';
import { parseLan } from './lan-config.ts';

/**
 * Everything about a network that can be judged without looking at anything else, in the order of the wire contract:
 * subnet, subnet6, gateway, gateway6, name.
 */
export function parseNetworkConfig(config: NetworkConfig): NewNetwork {
	const subnet = parseBlock('subnet', config.subnet, 4);
	const subnet6 = parseBlock('subnet6', config.subnet6, 6);
	const gateway = parseGateway('gateway', config.gateway, 4);
	const gateway6 = parseGateway('gateway6', config.gateway6, 6);
	const name = parseNetworkName(config.name);
	if (config.type === 'bridge') {
		requireUsable('gateway', gateway, subnet);
		requireUsable('gateway6', gateway6, subnet6);
	}
	for (const block of [subnet, subnet6]) if (block) requireRoom(block);
	const lan = parseLan(config, { 4: subnet, 6: subnet6 });
	parseInterface(config);
	if (config.mtu !== 0 && (config.mtu < (subnet6 ? 1280 : 68) || config.mtu > 65_535)) throw badMtu(config.mtu);
	if (config.nat !== '' && config.nat !== HOST_GATEWAY) requireInterfaceName(config.nat);
	return networkOf({
		...config,
		name,
		subnet: subnet ? formatSubnet(subnet) : '',
		subnet6: subnet6 ? formatSubnet(subnet6) : '',
		gateway: canonical(config.gateway, gateway),
		gateway6: canonical(config.gateway6, gateway6),
		...lan,
	});
}

function canonical(text: string, address: Address | undefined): string {
	return address ? formatAddress(address) : text;
}

function parseBlock(field: string, text: string, family: Family): Subnet | undefined {
	if (text === '') return undefined;
	const subnet = parseSubnet(text);
	if (!subnet) throw invalid('INVALID_SUBNET', field, `could not parse cidr block: "${text}"`, hintFor(text, family));
	if (subnet.family !== family) throw invalid('INVALID_SUBNET', field, 'wrong IP protocol', familyHint(field, family));
	requireOrdinary(field, subnet);
	return subnet;
}

/** Addresses that kernels treat as something else than a host's, so that no container could have one. */
const RESERVED: readonly (readonly [block: string, meaning: string])[] = [
	['0.0.0.0/8', 'for "this network"'],
	['127.0.0.0/8', 'for loopback'],
	['224.0.0.0/4', 'for multicast'],
	['240.0.0.0/4', 'for future use and broadcast'],
	['::/8', 'for loopback and embedded IPv4 addresses'],
	[LINK_LOCAL_BLOCK, 'for addresses of single links'],
	['ff00::/8', 'for multicast'],
];

function requireOrdinary(field: string, subnet: Subnet): void {
	const [block, meaning] = RESERVED.find(([text]) => overlap(subnet, parseSubnet(text)!)) ?? [];
	if (!block) return;
	const within = subnet.prefix >= splitPrefix(block).prefix;
	const why = `${formatSubnet(subnet)} ${within ? 'lies in' : 'holds'} ${block}, which is reserved ${meaning}`;
	const free =
		subnet.family === 4
			? 'one of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, e.g. 10.4.6.0/24'
			: 'one of fd00::/8, e.g. fd00:4:6::/64';
	throw invalid('INVALID_SUBNET', field, why, `use a private range: ${free}`);
}

function parseGateway(field: string, text: string, family: Family): Address | undefined {
	if (text === '' || text === AUTO) return undefined;
	const address = parseAddress(text);
	if (!address) {
		const hint = `give one address such as ${family === 4 ? '10.4.6.1' : 'fd00::1'}, "auto" or ""`;
		throw invalid('INVALID_GATEWAY', field, `could not parse cidr block: "${text}"`, hint);
	}
	if (address.family !== family)
		throw invalid('INVALID_GATEWAY', field, 'wrong IP protocol', familyHint(field, family));
	return address;
}

function badMtu(mtu: number): KleeneError {
	const why = 'IPv4 needs at least 68 bytes, IPv6 1280, and no interface takes more than 65535';
	const what = `cannot use an MTU of ${mtu}`;
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint: 'leave it out to get that of the uplink' });
}

/** A default router must be reachable from the subnet, or containers would start with a route that cannot be set. */
function requireUsable(field: string, gateway: Address | undefined, subnet: Subnet | undefined): void {
	if (!gateway) return;
	if (!subnet) throw invalid('INVALID_GATEWAY', field, 'there is no subnet of this family', 'give the subnet too');
	const { first, last } = assignable(subnet);
	if (!contains(subnet, gateway) || gateway.value < first || gateway.value > last) {
		const range = `${formatAddress({ family: subnet.family, value: first })} to ${formatAddress({ family: subnet.family, value: last })}`;
		const why = `${formatAddress(gateway)} is not a host address of ${formatSubnet(subnet)}`;
		throw invalid('INVALID_GATEWAY', field, why, `choose one from ${range}`);
	}
}

/** A block of one address has no room for a gateway and a container. */
function requireRoom(subnet: Subnet): void {
	if (subnet.prefix <= widthOf(subnet.family) - 1) return;
	const field = subnet.family === 4 ? 'subnet' : 'subnet6';
	const widest = widthOf(subnet.family) - 1;
	throw invalid(
		'INVALID_SUBNET',
		field,
		`${formatSubnet(subnet)} has no room for containers`,
		`use a prefix of /${widest} or less`,
	);
}

function parseInterface({ type, interface: name }: NetworkConfig): void {
	if (name === '') {
		if (type !== 'custom') return;
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: 'cannot create a custom network without an interface',
			why: 'a custom network lives on an interface that the host already has',
			hint: 'name it with --interface',
		});
	}
	requireInterfaceName(name);
}

function invalid(code: 'INVALID_SUBNET' | 'INVALID_GATEWAY', field: string, why: string, hint: string): KleeneError {
	return new KleeneError({
		code,
		what: 'cannot create the network',
		why: `invalid ${field}: ${why}`,
		hint,
		message: `invalid ${field}: ${why}`,
	});
}

function hintFor(text: string, family: Family): string {
	const around = parseSubnetAround(text);
	if (around) return `host bits must be zero: the block that holds it is ${formatSubnet(around)}`;
	return `write it as ${family === 4 ? '10.4.6.0/24' : 'fd00:4:6::/64'}`;
}

function familyHint(field: string, family: Family): string {
	const other = field.endsWith('6') ? field.slice(0, -1) : `${field}6`;
	return `${field} takes IPv${family}; the other family goes into ${other}`;
}
