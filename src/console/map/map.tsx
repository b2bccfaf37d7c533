import { useEffect, useRef } from 'preact/hooks';
import type { EndPoint } from '#api/endpoints.ts';
import { endpointsByContainer, type View, view } from '../state/topology.ts';
import { TraceBar } from '../trace/trace-bar.tsx';
import { Cables } from './cables.tsx';
import { Card, type CardMember } from './card.tsx';
import { looseCable } from './drag.ts';
import { EMPTY, type Layout, place } from './layout.ts';
import { cablesOf, membersOf, trunksOf } from './scene.ts';
import { Top } from './top.tsx';
import { MapZoom, moveByKey } from './zoom.ts';

/** The networks of the host as they are now. */
export function NetworkMap() {
	const frame = useRef<HTMLDivElement>(null);
	const world = useRef<HTMLDivElement>(null);
	const zoom = useRef<MapZoom | null>(null);
	const layout = useRef<Layout>(EMPTY);
	const shown = view.value;
	const byContainer = endpointsByContainer.value;
	const aspect = innerWidth / Math.max(1, innerHeight);
	layout.current = place(layout.current, [...shown.networks.keys()], membersOf(shown, byContainer), aspect);
	const { width, height } = layout.current;
	const isThere = shown.host.os !== '';
	useEffect(() => {
		if (!frame.current || !world.current || !isThere) return;
		zoom.current ??= new MapZoom(frame.current, world.current);
		zoom.current.fit(layout.current);
	}, [isThere]);
	const onKeyDown = (event: KeyboardEvent) => {
		const { ctrlKey, altKey, metaKey, key, target } = event;
		// There they have a meaning of their own.
		if ((target as Element).closest('input, select')) return;
		if (ctrlKey || altKey || metaKey || !zoom.current) return;
		if (moveByKey(zoom.current, key, layout.current)) event.preventDefault();
	};
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: keys move the map wherever the focus is in it
		<div class="map" ref={frame} onKeyDown={onKeyDown}>
			<div class="world" ref={world} style={{ width: `${width}px`, height: `${height}px` }}>
				<Top host={shown.host} width={width} />
				<Cables
					cables={cablesOf(shown, layout.current)}
					trunks={trunksOf(shown, layout.current)}
					{...{ width, height }}
				/>
				<Cards shown={shown} layout={layout.current} byContainer={byContainer} />
			</div>
			<LooseCable />
			<TraceBar />
			<fieldset class="zoom-buttons" aria-label="Zoom">
				<button type="button" onClick={() => zoom.current?.by(1.25)} aria-label="Zoom in" title="Zoom in (+)">
					+
				</button>
				<button type="button" onClick={() => zoom.current?.by(0.8)} aria-label="Zoom out" title="Zoom out (-)">
					−
				</button>
				<button type="button" onClick={() => zoom.current?.fit(layout.current)} title="Show all (0)">
					Fit
				</button>
			</fieldset>
		</div>
	);
}

interface CardsProps {
	readonly shown: View;
	readonly layout: Layout;
	readonly byContainer: ReadonlyMap<string, readonly EndPoint[]>;
}

function Cards({ shown, layout, byContainer }: CardsProps) {
	const memberAt = (network: string, id: string | undefined): CardMember | undefined => {
		const container = id === undefined ? undefined : shown.containers.get(id);
		if (!container) return undefined;
		const endpoint = byContainer.get(container.id)?.find(({ network_id }) => network_id === network);
		return { container, endpoint };
	};
	return [...layout.cards].map(([network, place]) => (
		<Card
			key={network}
			network={shown.networks.get(network)}
			place={place}
			members={place.slots.map((id) => memberAt(network, id))}
		/>
	));
}

/** A cable that is being dragged, over everything. */
function LooseCable() {
	const cable = looseCable.value;
	if (!cable) return null;
	const [[x1, y1], [x2, y2]] = [cable.from, cable.to];
	return (
		<svg class="loose-cable" aria-hidden="true">
			<line {...{ x1, y1, x2, y2 }} />
		</svg>
	);
}
