import { type Address, parseAddress } from '#inet/address.ts';
import type { PerFamily } from '#inet/family.ts';
import { assignable, contains, parseSubnet, type Subnet } from '#inet/subnet.ts';

export type NetworkType = 'bridge' | 'loopback' | 'custom';

/** Value of `gateway` that stands for the first address of the subnet. */
export const AUTO = '<auto>';
/** Value of the address of an endpoint that a DHCP server of the LAN gives. */
export const DHCP = 'dhcp';
/** Value of `nat` and `uplink` that stands for the interface of the host's default route. */
export const HOST_GATEWAY = '<host-gateway>';
/** In parts, instead of the name of an interface: each interface of the host that is no network's. */
export const EVERY_UPLINK = '<every-uplink>';

/** Settings of a network apart from its addresses. */
interface NetworkSettings {
	readonly name: string;
	readonly type: NetworkType;
	/** Interface on the host, e.g. `kleene0`. */
	readonly interface: string;
	readonly icc: boolean;
	readonly internal: boolean;
	/** Whether containers find each other by name, through a resolver on the gateway address. */
	readonly dns: boolean;
	/** Bytes; 0: what the host gives. */
	readonly mtu: number;
	/** Interface of the host that is a port of the bridge; `''` or absent: none. */
	readonly parent?: string;
	/** VLAN of the parent that is the port instead; 0 or absent: none. */
	readonly vlan?: number;
}

/** The addresses of a network as they were asked for, in canonical text: so they are stored, and shown again. */
export interface NetworkAddressing {
	/** CIDR, `''` where the family is not used. */
	readonly subnet: string;
	readonly subnet6: string;
	/** `''`, `<auto>` or an address; kept also where nothing acts on it. */
	readonly gateway: string;
	readonly gateway6: string;
	/** `''` none, `<host-gateway>`, or the interface whose address outgoing IPv4 traffic takes. */
	readonly nat: string;
	/** Whether IPv6 is translated like IPv4. */
	readonly nat6: boolean;
	/** CIDR within the subnet that addresses are handed out from, `''`: the whole subnet. */
	readonly ipRange?: string;
	readonly ipRange6?: string;
	/** Address of the host on a bridge whose gateway is a router, `''`: none. */
	readonly hostIp?: string;
	readonly hostIp6?: string;
}

interface NetworkOrigin {
	readonly id: string;
	/** ISO 8601, UTC. */
	readonly created: string;
}

/** A network in the words of the wire and of the store. */
export type NetworkText = Required<NetworkOrigin & NetworkSettings & NetworkAddressing>;
export type NetworkConfig = NetworkSettings & NetworkAddressing;

/** The default router of the members of a bridge. */
export interface Gateway {
	readonly address: Address;
	/** Whether the host has the address on the bridge, as against a router that somebody else runs. */
	readonly onHost: boolean;
}

/** Settings of a network in one family. */
export interface NetworkFamily {
	readonly subnet: Subnet;
	/** Absent: none. Only bridges have one. */
	readonly gateway?: Gateway;
	/** Addresses are handed out from here; absent: from the whole subnet. */
	readonly range?: Subnet;
	/** Address of the host besides the gateway. */
	readonly host?: Address;
	/** Whether traffic that leaves takes the address of the uplink. */
	readonly nat: boolean;
}

export interface Network extends NetworkOrigin, NetworkSettings {
	/** The families that it uses. */
	readonly families: PerFamily<NetworkFamily>;
	/** `<host-gateway>`, or the interface by which traffic leaves. */
	readonly uplink: string;
	/** To be shown and stored. Nothing acts on it. */
	readonly asked: NetworkAddressing;
}

/** A network before it is made. */
export type NewNetwork = Omit<Network, keyof NetworkOrigin>;

/** @throws Error for text that `parseNetworkConfig` would refuse */
export function networkOf<T extends NetworkConfig>(
	text: T,
): Omit<T, keyof NetworkAddressing> & Pick<Network, 'families' | 'uplink' | 'asked'> {
	const { subnet, subnet6, gateway, gateway6, nat, nat6, ipRange, ipRange6, hostIp, hostIp6, ...rest } = text;
	const lan = { ipRange: ipRange ?? '', ipRange6: ipRange6 ?? '', hostIp: hostIp ?? '', hostIp6: hostIp6 ?? '' };
	const four = familyOf(text.type, { subnet, gateway, nat: nat !== '', range: lan.ipRange, host: lan.hostIp });
	const own6 = { range: lan.ipRange6, host: lan.hostIp6 };
	const six = familyOf(text.type, { subnet: subnet6, gateway: gateway6, nat: nat6, ...own6 });
	return {
		...rest,
		families: { ...(four && { 4: four }), ...(six && { 6: six }) },
		uplink: nat || HOST_GATEWAY,
		asked: { subnet, subnet6, gateway, gateway6, nat, nat6, ...lan },
	};
}

interface FamilyText {
	readonly subnet: string;
	readonly gateway: string;
	readonly nat: boolean;
	readonly range: string;
	readonly host: string;
}

function familyOf(type: NetworkType, text: FamilyText): NetworkFamily | undefined {
	if (text.subnet === '') return undefined;
	const subnet = parseSubnet(text.subnet);
	if (!subnet) throw new Error(`'${text.subnet}' is not a subnet`);
	const gateway = type === 'bridge' ? gatewayOf(subnet, text.gateway) : undefined;
	const [range, host] = [parseSubnet(text.range), parseAddress(text.host)];
	return { subnet, nat: text.nat, ...(gateway && { gateway }), ...(range && { range }), ...(host && { host }) };
}

function gatewayOf(subnet: Subnet, text: string): Gateway | undefined {
	if (text === '') return undefined;
	if (text === AUTO) return { address: { family: subnet.family, value: assignable(subnet).first }, onHost: true };
	const address = parseAddress(text);
	if (!address) throw new Error(`'${text}' is not a gateway`);
	return { address, onHost: false };
}

/** The address that the host holds on the network's interface: the gateway, or one beside a gateway that is a router. */
export function hostAddressOf({ gateway, host }: NetworkFamily): Address | undefined {
	return gateway?.onHost ? gateway.address : host;
}

export function networkText(network: Network): NetworkText {
	const { families, uplink, asked, parent = '', vlan = 0, ...rest } = network;
	const { ipRange = '', ipRange6 = '', hostIp = '', hostIp6 = '' } = asked;
	return { ...rest, parent, vlan, ...asked, ipRange, ipRange6, hostIp, hostIp6 };
}

/** Whether an address lies in a subnet of the network. */
export function covers({ families }: Pick<Network, 'families'>, address: Address): boolean {
	const own = families[address.family];
	return own !== undefined && contains(own.subnet, address);
}
