import { memo } from 'preact/compat';
import type { EndPoint } from '#api/endpoints.ts';
import type { TopologyContainer } from '#api/observability/topology.ts';
import { Mark } from '../doctor/doctor.tsx';
import { findingsBySubject } from '../doctor/findings.ts';
import { select, selection } from '../state/selection.ts';
import { point, question, way } from '../trace/question.ts';
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
	return (
		<li
			class="tile-place"
			style={{ left: `${x}px`, top: `${y}px`, width: `${TILE.width}px`, height: `${TILE.height}px` }}
		>
			<button
				type="button"
				class={`tile${running ? ' running' : ''}${health === 'unhealthy' ? ' unhealthy' : ''}${way.value.has(`container ${id}`) ? ' lit' : ''}`}
				data-container={id}
				aria-pressed={chosen}
				onClick={() => (question.value ? point(name ?? id) : select('container', id))}
				onPointerDown={(event) => beginDrag(event, id)}
			>
				<span class="tile-name">
					<span class="hidden">container </span>
					{name}
					<span class="hidden">, {stateOf(container)},</span>
					<Mark found={findingsBySubject.value.get(`container ${name}`)} />
				</span>
				<span class="tile-driver">{driver}</span>
				<span class="tile-address">{address}</span>
				<span class="tile-ports">{ports.length > 0 ? `⇥ ${ports.join(', ')}` : container.image}</span>
			</button>
		</li>
	);
});
