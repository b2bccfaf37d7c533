import { memo } from 'preact/compat';
import { useEffect, useRef } from 'preact/hooks';
import { perSecond, rateOf } from '../state/rates.ts';
import { way } from '../trace/question.ts';
import type { Cable, Trunk } from './scene.ts';

interface CablesProps {
	readonly cables: readonly Cable[];
	readonly trunks: readonly Trunk[];
	readonly width: number;
	readonly height: number;
}

/** Lines between boxes. Those who hear the page are told by the boxes. */
export function Cables({ cables, trunks, width, height }: CablesProps) {
	const place = useMovement();
	return (
		<svg ref={place} class="cables" width={width} height={height} aria-hidden="true">
			{trunks.map(({ network, path }) => (
				<path
					key={network.id}
					class={`trunk${network.internal ? ' walled' : ''}${isLit(network.id) ? ' lit' : ''}`}
					d={path}
				/>
			))}
			{cables.map((cable) => (
				<Line key={cable.endpoint.id} {...cable} />
			))}
		</svg>
	);
}

/** A packet takes the trunk of a network where it passes the host. */
function isLit(network: string): boolean {
	return way.value.has('host') && way.value.has(`network ${network}`);
}

const Line = memo(function Line({ endpoint, path, far, running }: Cable) {
	const kind = `${far ? ' far' : ''}${running ? '' : ' idle'}`;
	return (
		<g class={`cable${kind}${way.value.has(`endpoint ${endpoint.id}`) ? ' lit' : ''}`} data-endpoint={endpoint.id}>
			<path d={path} />
			<Movement endpoint={endpoint.id} path={path} />
		</g>
	);
});

/** Bytes per second above which a cable moves three times as fast. */
const FAST = 100_000;

/** What moves along a cable, see `useMovement`. Only cables with traffic have one. */
function Movement({ endpoint, path }: { readonly endpoint: string; readonly path: string }) {
	const { sent, received } = rateOf(endpoint).value;
	const total = sent + received;
	if (total < 1) return null;
	const direction = sent > received ? 'out' : 'in';
	return (
		<path class={`movement ${direction}${total > FAST ? ' fast' : ''}`} d={path}>
			<title>{`sent ${perSecond(sent) || '0'}, received ${perSecond(received) || '0'}`}</title>
		</path>
	);
}

/** Milliseconds between two steps, and pixels of one. */
const STEP = 100;
const PIXELS = 3;
/** Of a dash and its gap. Pixels. */
const PERIOD = 16;

/**
 * Moves everything ten times a second by one property. Animations of the browser would style and paint hundreds of lines
 * anew sixty times a second.
 */
function useMovement() {
	const place = useRef<SVGSVGElement>(null);
	useEffect(() => {
		let phase = 0;
		const move = () => {
			const svg = place.current;
			if (document.hidden || !svg?.querySelector('.movement')) return;
			phase = (phase + PIXELS) % (PERIOD * PIXELS);
			svg.style.setProperty('--phase', `${phase}`);
		};
		if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
		const timer = setInterval(move, STEP);
		return () => clearInterval(timer);
	}, []);
	return place;
}
