/** A cable that is dragged from a container to a network. */
import { signal } from '@preact/signals';
import { propose } from '../actions/proposal.ts';
import { view } from '../state/topology.ts';

/** Id of the network that it would be plugged into. */
export const dropTarget = signal<string | undefined>(undefined);

/** The loose cable, in pixels of the window. */
export const looseCable = signal<
	{ readonly from: readonly [number, number]; readonly to: readonly [number, number] } | undefined
>(undefined);

/** Pixels that a pointer moves before a press becomes a drag. */
const THRESHOLD = 8;

export function beginDrag(event: PointerEvent, container: string): void {
	if (event.button !== 0 || event.pointerType === 'touch') return;
	const from = [event.clientX, event.clientY] as const;
	const move = ({ clientX, clientY }: PointerEvent) => {
		if (!looseCable.value && Math.hypot(clientX - from[0], clientY - from[1]) < THRESHOLD) return;
		looseCable.value = { from, to: [clientX, clientY] };
		dropTarget.value = networkAt(clientX, clientY, container);
	};
	const end = () => {
		removeEventListener('pointermove', move);
		removeEventListener('pointerup', drop);
		removeEventListener('pointercancel', end);
		removeEventListener('keydown', onKey);
		looseCable.value = undefined;
		dropTarget.value = undefined;
	};
	const drop = () => {
		const network = dropTarget.value;
		end();
		if (network !== undefined) propose({ kind: 'connect', container, network });
	};
	const onKey = ({ key }: KeyboardEvent) => key === 'Escape' && end();
	addEventListener('pointermove', move);
	addEventListener('pointerup', drop);
	addEventListener('pointercancel', end);
	addEventListener('keydown', onKey);
}

/** A network under the pointer that the container is not on. */
function networkAt(x: number, y: number, container: string): string | undefined {
	const card = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-network]');
	const network = card?.dataset.network;
	if (!network) return undefined;
	const joined = [...view.value.endpoints.values()].some(
		(one) => one.container_id === container && one.network_id === network,
	);
	return joined ? undefined : network;
}
