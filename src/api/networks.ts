import Type from 'typebox';
import { EndPoint } from './endpoints.ts';

export const NetworkType = Type.Union([Type.Literal('bridge'), Type.Literal('loopback'), Type.Literal('custom')]);

/** Ours: settings of bridges on the physical network. */
const lan = {
	parent: Type.Optional(
		Type.String({ maxLength: 15, description: "interface of the host that is a port of the bridge, '' = none" }),
	),
	vlan: Type.Optional(Type.Integer({ minimum: 0, maximum: 4094, description: 'VLAN of the parent, 0 = none' })),
	ip_range: Type.Optional(Type.String({ description: "CIDR that addresses are handed out from, '' = the subnet" })),
	ip_range6: Type.Optional(Type.String()),
	host_ip: Type.Optional(Type.String({ description: 'address of the host beside a gateway that is a router' })),
	host_ip6: Type.Optional(Type.String()),
};

export const NetworkConfig = Type.Object(
	{
		name: Type.String(),
		type: NetworkType,
		interface: Type.String({
			default: '',
			maxLength: 15,
			description: "'' = generated; custom: an existing interface",
		}),
		subnet: Type.String({ default: '', description: "CIDR, '' = no IPv4" }),
		subnet6: Type.String({ default: '' }),
		gateway: Type.String({ default: '', description: "'' none, '<auto>' first address, or an address (bridge only)" }),
		gateway6: Type.String({ default: '' }),
		nat: Type.String({ default: '<host-gateway>', description: "'' none, '<host-gateway>', or an interface" }),
		nat6: Type.Boolean({ default: false, description: 'ours: translate IPv6 like IPv4' }),
		icc: Type.Boolean({ default: true }),
		internal: Type.Boolean({ default: false }),
		dns: Type.Boolean({ default: true, description: 'ours: containers find each other by name' }),
		mtu: Type.Integer({ default: 0, minimum: 0, maximum: 65535, description: 'ours: bytes, 0 = as the uplink' }),
		...lan,
	},
	{ $id: 'NetworkConfig' },
);
export type NetworkConfig = Type.Static<typeof NetworkConfig>;

export const Network = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		type: NetworkType,
		interface: Type.String(),
		subnet: Type.String(),
		subnet6: Type.String(),
		gateway: Type.String(),
		gateway6: Type.String(),
		nat: Type.String(),
		nat6: Type.Boolean(),
		icc: Type.Boolean(),
		internal: Type.Boolean(),
		dns: Type.Boolean(),
		mtu: Type.Integer(),
		...lan,
	},
	{ $id: 'Network' },
);
export type Network = Type.Static<typeof Network>;

export const NetworkInspect = Type.Object(
	{ network: Network, network_endpoints: Type.Array(EndPoint) },
	{ $id: 'NetworkInspect' },
);
export type NetworkInspect = Type.Static<typeof NetworkInspect>;
