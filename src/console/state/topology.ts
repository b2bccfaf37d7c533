/** The map as the daemon sends it: the whole at first, then what changes. */
import { computed, signal } from '@preact/signals';
import type { EndPoint } from '#api/endpoints.ts';
import type { Network } from '#api/networks.ts';
import type { TopologyChange, TopologyContainer, TopologyHost, TopologyLine } from '#api/observability/topology.ts';
import { followLines, type StreamState } from '../daemon/lines.ts';
import type { Refusal } from '../daemon/refusal.ts';

/** Objects by id. An object that did not change is the same one as before, so that what shows it need not be drawn again. */
export interface View {
	readonly host: TopologyHost;
	readonly networks: ReadonlyMap<string, Network>;
	readonly containers: ReadonlyMap<string, TopologyContainer>;
	readonly endpoints: ReadonlyMap<string, EndPoint>;
}

const NOTHING: View = {
	host: { os: '', release: '', uplinks: [] },
	networks: new Map(),
	containers: new Map(),
	endpoints: new Map(),
};

export const view = signal<View>(NOTHING);

/** `connecting` until the first answer. */
export const connection = signal<'connecting' | 'live' | Refusal>('connecting');

/** Endpoints by the id of their container, that of its way out first. */
export const endpointsByContainer = computed(() => {
	const { endpoints, networks } = view.value;
	const rank = ({ default_route: preferred, network_id }: EndPoint) =>
		preferred ? 0 : networks.get(network_id)?.internal ? 2 : 1;
	const all = [...endpoints.values()].sort((one, other) => rank(one) - rank(other));
	return Map.groupBy(all, ({ container_id }) => container_id);
});

/** The view after these lines. Nothing of `before` is changed. */
export function applied(before: View, lines: readonly TopologyLine[]): View {
	let after = before;
	for (const line of lines) after = line.type === 'topology' ? viewOf(line, after) : changed(after, line);
	return after;
}

function viewOf({ host, networks, containers, endpoints }: TopologyLine & { type: 'topology' }, before: View): View {
	return {
		host,
		networks: byId(networks, before.networks),
		containers: byId(containers, before.containers),
		endpoints: byId(endpoints, before.endpoints),
	};
}

/** What is as it was stays the same object: the whole map comes again after each interruption. */
function byId<T extends { readonly id: string }>(
	objects: readonly T[],
	before: ReadonlyMap<string, T>,
): Map<string, T> {
	return new Map(
		objects.map((object) => {
			const known = before.get(object.id);
			return [object.id, known && JSON.stringify(known) === JSON.stringify(object) ? known : object];
		}),
	);
}

function changed(before: View, { host, networks, containers, endpoints, removed }: TopologyChange): View {
	const gone = new Set([...removed.networks, ...removed.containers]);
	const orphans = [...before.endpoints.values()]
		.filter(({ container_id, network_id }) => gone.has(container_id) || gone.has(network_id))
		.map(({ id }) => id);
	return {
		host: host ?? before.host,
		networks: merged(before.networks, networks, removed.networks),
		containers: merged(before.containers, containers, removed.containers),
		endpoints: merged(before.endpoints, endpoints, [...removed.endpoints, ...(gone.size > 0 ? orphans : [])]),
	};
}

function merged<T extends { readonly id: string }>(
	before: ReadonlyMap<string, T>,
	added: readonly T[],
	removed: readonly string[],
): ReadonlyMap<string, T> {
	if (added.length === 0 && removed.length === 0) return before;
	const after = new Map(before);
	for (const id of removed) after.delete(id);
	for (const object of added) after.set(object.id, object);
	return after;
}

/** Follows the daemon for good. Lines that come within one frame of the screen are shown together. */
export function followTopology(): void {
	let waiting: TopologyLine[] = [];
	const show = () => {
		view.value = applied(view.value, waiting);
		waiting = [];
	};
	followLines<TopologyLine>('/topology/changes', {
		lines(lines) {
			if (waiting.length === 0) requestAnimationFrame(show);
			waiting.push(...lines);
		},
		state(state: StreamState) {
			connection.value = state.kind === 'live' ? 'live' : state.refusal;
		},
	});
}
