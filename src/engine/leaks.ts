import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { LostFiles, Observed } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import { unmake } from '#model/step.ts';
import type { RecordKind } from '#store/records/records.ts';
import type { EngineContext } from './context.ts';

/** Treatment of running containers, and of volumes, that the store does not list. */
export type Unknown =
	/** A daemon with this store does not start beside containers that run; volumes stay. */
	| 'is refused'
	/** Containers are ended, volumes put aside. */
	| 'is given up';

export interface FoundLeaks {
	/** Parts of containers that do not run. */
	readonly strays: readonly Part[];
	/** Files that the store does not list. */
	readonly lost: readonly LostFiles[];
}

/** Kinds of records. */
export const RECORD_KIND_OF: Readonly<Record<LostFiles['kind'] | 'network' | 'image', RecordKind>> = {
	network: 'networks',
	image: 'images',
	layer: 'layers',
	container: 'containers',
	volume: 'volumes',
};

/**
 * Finds files below the root directory that the store does not list. Files are never removed here: they are put aside until
 * their removal is requested. Each is logged.
 */
export class Leaks {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/**
	 * Such a container is there when the database is an older one, or that of another root: nothing may end by that.
	 *
	 * @throws KleeneError STORE_UNUSABLE
	 */
	requireNoneRunning({ sandboxes }: Observed): void {
		const { store } = this.#context;
		const unknown = sandboxes.filter(({ container, running }) => running && !store.containers.get(container));
		if (unknown.length === 0) return;
		throw new KleeneError({
			code: 'STORE_UNUSABLE',
			what: 'cannot start kleened',
			why: `its database does not know of containers that run: ${unknown.map(({ container }) => container).join(', ')}`,
			hint: 'add them to it with "kleened recover", or have them ended and their files put aside with "kleened --new-store"',
		});
	}

	/** To be called before the host is changed: what is removed from the store meanwhile is no leak. */
	find(observed: Observed, unknown: Unknown): FoundLeaks {
		return { strays: this.#strays(observed), lost: this.#files(observed, unknown) };
	}

	async clear({ strays, lost }: FoundLeaks): Promise<void> {
		for (const part of strays) await this.#unmake(part);
		for (const one of lost) await this.#putAside(one);
		this.#loseRecords(lost);
	}

	/** Containers that ended without leaving files. */
	#strays({ sandboxes, mountedRoots }: Observed): Part[] {
		const running = new Set(this.#context.store.containers.running().map(({ id }) => id));
		const stray = (container: string) => !running.has(container);
		return [
			...sandboxes
				.map(({ container }) => container)
				.filter(stray)
				.map(sandboxOnly),
			...mountedRoots.filter(stray).map((container): Part => ({ kind: 'root-mount', container, layers: [] })),
		];
	}

	#files({ rootFiles, layerFiles, volumeFiles }: Observed, unknown: Unknown): LostFiles[] {
		const { containers, layers, volumes } = this.#context.store;
		const of = (kind: LostFiles['kind'], ids: readonly string[]) => ids.map((id) => ({ kind, id }));
		return [
			...of(
				'container',
				rootFiles.filter((id) => !containers.get(id)),
			),
			...of(
				'layer',
				layerFiles.filter((id) => !layers.get(id)),
			),
			// Nobody but their owner knows what is in them, and as long as they have their names they are at hand.
			...of('volume', unknown === 'is given up' ? volumeFiles.filter((name) => !volumes.get(name)) : []),
		];
	}

	async #putAside(files: LostFiles): Promise<void> {
		this.#context.log.warn({ ...files }, 'moving files that the database does not list to lost+found');
		await this.#unmake(partOf(files), 'keep');
	}

	async #unmake(part: Part, lost?: 'keep'): Promise<void> {
		const { executor, driver, log } = this.#context;
		if (!lost) log.warn({ step: driver.describe(unmake(part)) }, 'removing a leftover part');
		await executor.tryAll(
			[unmake(part)],
			(step, error) =>
				log.error({ step: driver.describe(step), error: messageOf(error) }, 'cannot remove a leftover part'),
			lost ? { lost } : {},
		);
	}

	/** Those of networks and images tell what they were; of the rest the files are what counts. */
	#loseRecords(lost: readonly LostFiles[]): void {
		const { store } = this.#context;
		const found = new Set(lost.map(({ kind, id }) => `${RECORD_KIND_OF[kind]} ${id}`));
		for (const record of store.unknownRecords())
			store.loseRecord(record, isWhole(record.kind) || found.has(`${record.kind} ${record.id}`));
	}
}

/** Whether a record says all there was of an object: it has no files of its own. */
function isWhole(kind: RecordKind): boolean {
	return kind === 'networks' || kind === 'images';
}

/** The part that files are. */
export function partOf({ kind, id }: LostFiles): Part {
	switch (kind) {
		case 'container':
			return { kind: 'root-files', container: id, layers: [] };
		case 'layer':
			return { kind: 'layer', layer: id, below: [], source: { kind: 'empty' } };
		case 'volume':
			return { kind: 'volume-files', volume: id };
	}
}

function sandboxOnly(container: string): Part {
	const process = { argv: ['true'], env: [], user: 'root', tty: false, stdin: false };
	const none = { rawSockets: false, netAdmin: false, parameters: [] };
	const spec = { driver: 'disabled', hostname: container, network: 'own', ...none, process } as const;
	return { kind: 'sandbox', container, spec, mounts: [] };
}
