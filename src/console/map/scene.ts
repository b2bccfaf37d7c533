/** Lines of the map from where its boxes are. */
import type { EndPoint } from '#api/endpoints.ts';
import type { Network } from '#api/networks.ts';
import type { TopologyContainer } from '#api/observability/topology.ts';
import { gatewayOf } from '#inet/subnet.ts';
import type { View } from '../state/topology.ts';
import { CARD, type CardPlace, type Layout, type Member, type Spot, segmentOf, TILE, TOP } from './layout.ts';

export interface Cable {
	readonly endpoint: EndPoint;
	/** Of SVG. */
	readonly path: string;
	/** To a network on which the container is not drawn. */
	readonly far: boolean;
	readonly running: boolean;
}

export interface Trunk {
	readonly network: Network;
	readonly path: string;
}

/** Containers with their networks in the order of creation and of connecting. */
export function membersOf({ containers }: View, byContainer: ReadonlyMap<string, readonly EndPoint[]>): Member[] {
	return [...containers.keys()].map((id) => ({
		id,
		networks: (byContainer.get(id) ?? []).map(({ network_id }) => network_id),
	}));
}

export function cablesOf({ containers, endpoints }: View, { cards, tiles }: Layout): Cable[] {
	return [...endpoints.values()].flatMap((endpoint) => {
		const tile = tiles.get(endpoint.container_id);
		const card = cards.get(endpoint.network_id);
		if (!tile || !card) return [];
		const far = !card.slots.includes(endpoint.container_id);
		const running = containers.get(endpoint.container_id)?.running ?? false;
		return [{ endpoint, path: far ? farPath(tile, card) : nearPath(tile, card), far, running }];
	});
}

function nearPath(tile: Spot, card: CardPlace): string {
	const segment = segmentOf(card);
	const y = tile.y + TILE.height / 2;
	const from = tile.x < segment ? tile.x + TILE.width : tile.x;
	return `M${from} ${y}H${segment}`;
}

/** Around other boxes through the gaps between the columns. */
function farPath(tile: Spot, card: CardPlace): string {
	const y = tile.y + TILE.height - 10;
	const toLeft = card.x < tile.x;
	const from = toLeft ? tile.x : tile.x + TILE.width;
	const out = toLeft ? from - CARD.gap : from + CARD.gap;
	const end = segmentOf(card);
	const top = card.y + CARD.head - 8;
	return `M${from} ${y}C${out} ${y} ${end} ${y} ${end} ${top}`;
}

export function trunksOf({ networks }: View, { cards }: Layout): Trunk[] {
	return [...networks.values()].flatMap((network) => {
		const card = cards.get(network.id);
		if (!card) return [];
		const gutter = card.x - CARD.gap / 2;
		return [{ network, path: `M${gutter} ${TOP.host + 44}V${card.y + 22}H${card.x}` }];
	});
}

/** Names what is in a card, for those who hear it. */
export function titleOf(network: Network | undefined, members: number): string {
	const count = members === 1 ? '1 container' : `${members} containers`;
	if (!network) return `Not connected: ${count}`;
	return `Network ${network.name}, ${network.type}, ${subnetsOf(network)}, ${count}`;
}

export function subnetsOf({ subnet, subnet6 }: Network): string {
	return [subnet, subnet6].filter((text) => text !== '').join(', ') || 'no subnet';
}

/** Addresses of the host on a network. */
export function gatewaysOf({ gateway, gateway6, subnet, subnet6 }: Network): string {
	return [gatewayOf(gateway, subnet), gatewayOf(gateway6, subnet6)].filter((text) => text !== '').join(', ');
}

/** Traits of a network that decide who reaches whom, in words. */
export function traitsOf({ internal, icc, nat, type }: Network): string[] {
	return [
		...(internal ? ['internal'] : []),
		...(icc ? [] : ['members apart']),
		...(!internal && nat !== '' && type !== 'custom' ? ['NAT'] : []),
	];
}

export function addressOf(endpoint: EndPoint | undefined): string {
	return endpoint?.ip_address || endpoint?.ip_address6 || '';
}

/** E.g. `8080 → 80`, with the protocol where that is not TCP. */
export function portsOf({ public_ports }: TopologyContainer): string[] {
	return public_ports.map(({ host_port, container_port, protocol }) => {
		const inside = container_port === '*' ? host_port : container_port;
		return `${host_port} → ${inside}${protocol === 'tcp' ? '' : `/${protocol}`}`;
	});
}

/** In words: `running`, `stopped`, `running, unhealthy`. */
export function stateOf({ running, health }: TopologyContainer): string {
	return running ? (health ? `running, ${health}` : 'running') : 'stopped';
}
