import { messageOf } from '#errors/kleene-error.ts';
import type { LostFiles } from '#model/host/observed.ts';
import { unmake } from '#model/step.ts';
import type { EngineContext } from '../context.ts';
import { partOf, RECORD_KIND_OF } from '../leaks.ts';

/** Objects found that the database did not list; of a network or an image there is only the record. */
export type Lost = LostFiles | { readonly kind: 'network' | 'image'; readonly id: string };

/** The daemon itself: its database, and what it has put aside. */
export class SystemOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** The whole database, as it is at this moment, as a file that SQLite can open. */
	backup(): Uint8Array {
		return this.#context.store.copy();
	}

	async lost(): Promise<Lost[]> {
		const { driver, store } = this.#context;
		const { lostFiles } = await driver.observe('everything');
		const recorded = (['network', 'image'] as const).flatMap((kind) =>
			store.lostRecords(RECORD_KIND_OF[kind]).map((id) => ({ kind, id })),
		);
		return [...lostFiles, ...recorded];
	}

	/**
	 * Removes what was put aside, except for data of volumes unless `volumes` says so.
	 *
	 * @returns what is gone, e.g. `container-0123456789ab`
	 */
	async prune({ volumes }: { readonly volumes: boolean }): Promise<string[]> {
		const { executor, log, store } = this.#context;
		const removed: string[] = [];
		for (const one of prunable(await this.lost(), volumes)) {
			let failed = false;
			const note = (_: unknown, error: unknown) => {
				failed = true;
				log.error({ ...one, error: messageOf(error) }, 'cannot remove from lost+found');
			};
			if (hasFiles(one)) await executor.tryAll([unmake(partOf(one))], note, { lost: 'discard' });
			if (failed) continue;
			store.discardLost({ kind: RECORD_KIND_OF[one.kind], id: one.id });
			removed.push(`${one.kind}-${one.id}`);
		}
		log.info({ removed }, 'emptied lost+found');
		return removed;
	}
}

/** A volume is data of a user, also when the database has lost it. */
export function prunable(lost: readonly Lost[], volumes: boolean): Lost[] {
	return lost.filter(({ kind }) => volumes || kind !== 'volume');
}

function hasFiles(lost: Lost): lost is LostFiles {
	return lost.kind !== 'network' && lost.kind !== 'image';
}
