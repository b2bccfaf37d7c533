import { memo } from 'preact/compat';
import type { EndPoint } from '#api/endpoints.ts';
import type { Network } from '#api/networks.ts';
import type { TopologyContainer } from '#api/observability/topology.ts';
import { Mark } from '../doctor/doctor.tsx';
import { findingsBySubject } from '../doctor/findings.ts';
import { select, selection } from '../state/selection.ts';
import { way } from '../trace/question.ts';
import { dropTarget } from './drag.ts';
import { CARD, type CardPlace, TILE } from './layout.ts';
import { gatewaysOf, subnetsOf, titleOf, traitsOf } from './scene.ts';
import { Tile } from './tile.tsx';

export interface CardMember {
	readonly container: TopologyContainer;
	readonly endpoint: EndPoint | undefined;
}

interface CardProps {
	readonly network: Network | undefined;
	readonly place: CardPlace;
	/** In the order of the slots. */
	readonly members: readonly (CardMember | undefined)[];
}

/** A network with the containers that are drawn on it. */
export const Card = memo(function Card({ network, place, members }: CardProps) {
	const { x, y, height } = place;
	const present = members.filter((member) => member !== undefined).length;
	const walls = network ? `${network.internal ? ' internal' : ''}${network.icc ? '' : ' apart'}` : ' unconnected';
	const target = network !== undefined && dropTarget.value === network.id ? ' target' : '';
	return (
		<section
			class={`card${walls}${target}${way.value.has(`network ${network?.id}`) ? ' lit' : ''}`}
			data-network={network?.id ?? ''}
			aria-label={titleOf(network, present)}
			style={{ left: `${x}px`, top: `${y}px`, width: `${CARD.width}px`, height: `${height}px` }}
		>
			<div class="segment" aria-hidden="true" />
			{network ? <Head network={network} /> : <p class="card-head">Not connected</p>}
			<ul class="tiles">
				{members.map((member, slot) =>
					member ? <Tile key={member.container.id} {...member} {...within(slot)} /> : null,
				)}
			</ul>
		</section>
	);
}, isSameCard);

function Head({ network }: { readonly network: Network }) {
	const { id, name, interface: device } = network;
	const gateway = gatewaysOf(network);
	return (
		<button
			type="button"
			class="card-head"
			aria-pressed={selection.value?.id === id}
			onClick={() => select('network', id)}
		>
			<span class="card-name">
				{name}
				<Mark found={findingsBySubject.value.get(`network ${name}`)} />
			</span>
			<span class="card-traits">{traitsOf(network).join(' · ')}</span>
			<span class="card-subnet">{subnetsOf(network)}</span>
			<span class="card-device">
				{device}
				{gateway === '' ? '' : ` ${gateway}`}
			</span>
		</button>
	);
}

/** Place of a tile in its card. */
function within(slot: number): { x: number; y: number } {
	const left = slot % 2 === 0 ? CARD.padding : CARD.width - CARD.padding - TILE.width;
	return { x: left, y: CARD.head + Math.floor(slot / 2) * (TILE.height + TILE.gap) };
}

/** Lists are made anew with every change of the map; what is in them is mostly the same. */
function isSameCard(one: CardProps, other: CardProps): boolean {
	const { x, y, height } = one.place;
	return (
		one.network === other.network &&
		x === other.place.x &&
		y === other.place.y &&
		height === other.place.height &&
		one.members.length === other.members.length &&
		one.members.every((member, index) => {
			const counterpart = other.members[index];
			return member?.container === counterpart?.container && member?.endpoint === counterpart?.endpoint;
		})
	);
}
