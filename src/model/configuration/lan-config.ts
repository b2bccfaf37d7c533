import { KleeneError } from '#errors/kleene-error.ts';
import { type Address, formatAddress, parseAddress } from '#inet/address.ts';
import type { Family, PerFamily } from '#inet/family.ts';
import { assignable, contains, formatSubnet, parseSubnet, type Subnet } from '#inet/subnet.ts';
import { AUTO, type NetworkConfig } from '../network.ts';
import { requireInterfaceName } from './interface-name.ts';

/** Longest name of an interface. */
const LONGEST_NAME = 15;

/** Settings of a network that are about the physical network, in canonical form. */
export type LanConfig = Required<
	Pick<NetworkConfig, 'parent' | 'vlan' | 'ipRange' | 'ipRange6' | 'hostIp' | 'hostIp6'>
>;

/** @throws INVALID_ARGUMENT, INVALID_SUBNET */
export function parseLan(config: NetworkConfig, subnets: PerFamily<Subnet | undefined>): LanConfig {
	const { parent = '', vlan = 0 } = config;
	if (parent !== '') requireInterfaceName(parent);
	requireParent(config, parent, vlan);
	return {
		parent,
		vlan,
		ipRange: parseRange(config, 4, subnets[4]),
		ipRange6: parseRange(config, 6, subnets[6]),
		hostIp: parseHost(config, 4, subnets[4]),
		hostIp6: parseHost(config, 6, subnets[6]),
	};
}

function requireParent({ type, gateway, gateway6 }: NetworkConfig, parent: string, vlan: number): void {
	if (parent === '') {
		if (vlan !== 0) throw refuse('a VLAN belongs to an interface', 'name the interface with --parent');
		return;
	}
	if (type !== 'bridge') throw refuse(`a ${type} network has no ports`, 'use "-t bridge" with --parent');
	if (`${parent}.${vlan}`.length > LONGEST_NAME && vlan !== 0)
		throw refuse(
			`the name ${parent}.${vlan} is longer than ${LONGEST_NAME} characters`,
			`rename ${parent}, or make the VLAN interface yourself and use it as --parent`,
		);
	if (gateway === AUTO || gateway6 === AUTO)
		throw refuse(
			`the first address of the subnet may be that of a router beyond ${parent}`,
			'give the address of the router with --gw, and that of the host with --host-ip',
		);
}

function parseRange(config: NetworkConfig, family: Family, subnet: Subnet | undefined): string {
	const text = (family === 4 ? config.ipRange : config.ipRange6) ?? '';
	if (text === '') return '';
	const range = parseSubnet(text);
	const within = range && subnet && contains(subnet, first(range)) && range.prefix >= subnet.prefix;
	if (within) return formatSubnet(range);
	const example = subnet ? `part of ${formatSubnet(subnet)}` : 'a block of the subnet';
	const why = range ? `${formatSubnet(range)} is not within the subnet` : `"${text.slice(0, 50)}" is not a block`;
	throw refuse(why, `give ${example}, such as ${family === 4 ? '192.168.1.64/26' : 'fd00:4:6::100/120'}`);
}

function first({ family, first: value }: Subnet): Address {
	return { family, value };
}

function parseHost(config: NetworkConfig, family: Family, subnet: Subnet | undefined): string {
	const text = (family === 4 ? config.hostIp : config.hostIp6) ?? '';
	if (text === '') return '';
	const option = family === 4 ? '--host-ip' : '--host-ip6';
	if (config.type !== 'bridge') throw refuse('only a bridge has addresses of the host', `leave ${option} out`);
	const gateway = family === 4 ? config.gateway : config.gateway6;
	if (gateway === AUTO) throw refuse('the host is the gateway and has its address', `leave ${option} out`);
	const address = parseAddress(text);
	if (!address || !subnet || !contains(subnet, address) || !isAssignable(subnet, address))
		throw refuse(
			`"${text.slice(0, 50)}" is not an address of the subnet`,
			`choose an address${subnet ? ` of ${formatSubnet(subnet)}` : ''} for ${option} that nobody else has`,
		);
	if (formatAddress(address) === gateway) throw refuse('it is the address of the gateway', `choose another ${option}`);
	return formatAddress(address);
}

function isAssignable(subnet: Subnet, { value }: Address): boolean {
	const { first: lowest, last } = assignable(subnet);
	return value >= lowest && value <= last;
}

function refuse(why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'INVALID_ARGUMENT', what: 'cannot create the network', why, hint });
}
