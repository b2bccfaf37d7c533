import type { EngineContext } from '../../context.ts';
import type { HeldKind } from '../holds.ts';
import type { Layers } from '../image/layers.ts';

/** Everything that one build has used so far: it stays until the build has ended. */
export class BuildHold {
	readonly #context: EngineContext;
	readonly #layers: Layers;
	#releases: (() => Promise<void>)[] = [];

	constructor(context: EngineContext, layers: Layers) {
		this.#context = context;
		this.#layers = layers;
	}

	/** A layer and all below it. */
	layer(top: string): void {
		this.#releases.push(this.#layers.keep(top));
	}

	image(id: string): void {
		this.#take('image', id);
	}

	container(id: string): void {
		this.#take('container', id);
	}

	#take(kind: HeldKind, id: string): void {
		const { holds } = this.#context;
		holds.take(kind, id);
		this.#releases.push(async () => holds.letGo(kind, id));
	}

	/** Removes the layers that nothing uses now. */
	async release(): Promise<void> {
		const releases = this.#releases.reverse();
		this.#releases = [];
		for (const release of releases) await release();
	}
}
