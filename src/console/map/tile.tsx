import { memo } from 'preact/compat';
import type { EndPoint } from '#api/endpoints.ts';
import type { TopologyContainer } from '#api/observability/topology.ts';
import { select, selection } from '../state/selection.ts';
import { beginDrag } from './drag.ts';
import { TILE } from './layout.ts';
import { addressOf, portsOf, stateOf } from './scene.ts';

interface TileProps {
	readonly container: TopologyContainer;
	readonly endpoint: EndPoint | undefined;
	readonly x: number;
	readonly y: number;
}

/** A container. */
export const Tile = memo(function Tile({ container, endpoint, x, y }: TileProps) {
	const { id, name, network_driver: driver, running, health } = container;
	const ports = portsOf(container);
	const address = addressOf(endpoint);
	const chosen = selection.value?.id === id;
	const label = [
		`container ${name}`,
		stateOf(container),
		driver,
		address,
		ports.length > 0 ? `ports ${ports.join(', ')}` : '',
	];
	return (
		<li
			class="tile-place"
			style={{ left: `${x}px`, top: `${y}px`, width: `${TILE.width}px`, height: `${TILE.height}px` }}
		>
			<button
				type="button"
				class={`tile${running ? ' running' : ''}${health === 'unhealthy' ? ' unhealthy' : ''}`}
				data-container={id}
				aria-pressed={chosen}
				aria-label={label.filter((part) => part !== '').join(', ')}
				onClick={() => select('container', id)}
				onPointerDown={(event) => beginDrag(event, id)}
			>
				<span class="tile-name">{name}</span>
				<span class="tile-driver">{driver}</span>
				<span class="tile-address">{address}</span>
				<span class="tile-ports">{ports.length > 0 ? `⇥ ${ports.join(', ')}` : container.image}</span>
			</button>
		</li>
	);
});
