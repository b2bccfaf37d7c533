/** Moving and zooming the map, with mouse, touch and keys. */
import { select } from 'd3-selection';
import { type ZoomBehavior, zoom, zoomIdentity } from 'd3-zoom';

export interface Extent {
	readonly width: number;
	readonly height: number;
}

const LEAST = 0.1;
const MOST = 2;
/** Pixels that the arrow keys move the map. */
const STEP = 80;
/** Of a page that has room for it: text stays readable. */
const FULL = 1;

export class MapZoom {
	readonly #window: HTMLElement;
	readonly #behaviour: ZoomBehavior<HTMLElement, unknown>;

	/** @param world the element that is moved */
	constructor(window: HTMLElement, world: HTMLElement) {
		this.#window = window;
		this.#behaviour = zoom<HTMLElement, unknown>()
			.scaleExtent([LEAST, MOST])
			// A press on a container drags a cable.
			.filter(
				(event: Event) =>
					!(event.target as Element).closest('.tile, .trace') ||
					event.type === 'wheel' ||
					event.type.startsWith('touch'),
			)
			.on('zoom', ({ transform }) => {
				world.style.transform = `translate(${transform.x}px, ${transform.y}px) scale(${transform.k})`;
			});
		select(window).call(this.#behaviour).on('dblclick.zoom', null);
	}

	/** Shows the whole map, as large as it is readable. */
	fit({ width, height }: Extent): void {
		const { clientWidth, clientHeight } = this.#window;
		const scale = Math.max(LEAST, Math.min(FULL, clientWidth / width, clientHeight / height));
		const left = Math.max(0, (clientWidth - width * scale) / 2);
		select(this.#window).call(this.#behaviour.transform, zoomIdentity.translate(left, 0).scale(scale));
	}

	by(factor: number): void {
		select(this.#window).call(this.#behaviour.scaleBy, factor);
	}

	move(x: number, y: number): void {
		select(this.#window).call(this.#behaviour.translateBy, x * STEP, y * STEP);
	}
}

/** What keys do to the map. @returns whether the key is one of them */
export function moveByKey(map: MapZoom, key: string, extent: Extent): boolean {
	const moves: ReadonlyMap<string, () => void> = new Map([
		['+', () => map.by(1.25)],
		['=', () => map.by(1.25)],
		['-', () => map.by(0.8)],
		['0', () => map.fit(extent)],
		['ArrowLeft', () => map.move(1, 0)],
		['ArrowRight', () => map.move(-1, 0)],
		['ArrowUp', () => map.move(0, 1)],
		['ArrowDown', () => map.move(0, -1)],
	]);
	const move = moves.get(key);
	move?.();
	return move !== undefined;
}
