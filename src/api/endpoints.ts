import Type from 'typebox';
import { Nullable } from './shapes.ts';

const ADDRESS =
	"'' = none, '<auto>' = allocate if the network has this family, 'dhcp' = from a DHCP server of the LAN (ip_address alone), or an address";

const joining = {
	network: Type.String(),
	ip_address: Type.String({ default: '', description: ADDRESS }),
	ip_address6: Type.String({ default: '', description: ADDRESS }),
	mac: Type.Optional(Type.String({ description: 'ours: of the inner end' })),
	aliases: Type.Optional(
		Type.Array(Type.String(), { description: 'ours: further names by which members of the network find it' }),
	),
	default_route: Type.Optional(Type.Boolean({ description: 'ours: prefer this network for the default route' })),
};

/** Endpoint settings, independent of the container. */
export const Joining = Type.Object(joining, { $id: 'Joining' });
export type Joining = Type.Static<typeof Joining>;

export const EndPointConfig = Type.Object({ container: Type.String(), ...joining }, { $id: 'EndPointConfig' });
export type EndPointConfig = Type.Static<typeof EndPointConfig>;

export const EndPoint = Type.Object(
	{
		id: Type.String(),
		container_id: Type.String(),
		network_id: Type.String(),
		ip_address: Type.String(),
		ip_address6: Type.String(),
		mac: Type.String({ description: "ours: of the inner end, given or not; '' = it has no cable of its own" }),
		default_route: Type.Boolean({ description: 'ours: whether this network is preferred for the default route' }),
		aliases: Type.Array(Type.String({ description: 'ours: names besides that of the container' })),
		epair: Nullable(Type.String({ description: '"epairN" while a container with a cable of its own runs' })),
	},
	{ $id: 'EndPoint' },
);
export type EndPoint = Type.Static<typeof EndPoint>;
