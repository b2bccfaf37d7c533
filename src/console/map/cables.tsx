import { memo } from 'preact/compat';
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
	return (
		<svg class="cables" width={width} height={height} aria-hidden="true">
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

/** What moves along a cable: the more, the faster. Only cables with traffic are animated. */
function Movement({ endpoint, path }: { readonly endpoint: string; readonly path: string }) {
	const { sent, received } = rateOf(endpoint).value;
	const total = sent + received;
	if (total < 1) return null;
	const speed = Math.max(1, Math.min(5, Math.round(Math.log10(total))));
	const direction = sent > received ? 'out' : 'in';
	return (
		<path class={`movement ${direction} speed-${speed}`} d={path}>
			<title>{`sent ${perSecond(sent) || '0'}, received ${perSecond(received) || '0'}`}</title>
		</path>
	);
}
