import type { Step } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { Database } from './database.ts';
import { flag, integer, json, oneOf, Table, text } from './table.ts';

/** `build`: undone when it cannot be finished. `teardown`: finished as far as possible, never undone. */
export type JournalMode = 'build' | 'teardown';

export interface JournalEntry {
	readonly id: number;
	/** Subject of the plan, for logs, e.g. `network 2f1dc29b8f36`. */
	readonly subject: string;
	readonly mode: JournalMode;
	readonly steps: readonly Step[];
	/** Changes to record when the build is undone or the teardown finished. */
	readonly record: readonly StoreChange[];
	/** Whether to record only if no step of the teardown failed. */
	readonly whole: boolean;
	/** Steps before this index are done, this one may be, later ones are not. */
	readonly cursor: number;
}

const JOURNAL = new Table<JournalEntry, 'id' | 'cursor'>('journal', {
	id: integer('id'),
	subject: text('subject'),
	mode: oneOf<JournalMode>('mode', ['build', 'teardown']),
	steps: json('steps'),
	record: json('record'),
	whole: flag('whole'),
	cursor: integer('cursor'),
});

export type NewEntry = Omit<JournalEntry, 'id' | 'cursor'>;

export class JournalStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	begin(entry: NewEntry): number {
		return JOURNAL.insert(this.#db, entry);
	}

	advance(id: number, cursor: number): void {
		JOURNAL.update(this.#db, { cursor }, 'WHERE id = ?', id);
	}

	end(id: number): void {
		this.#db.run('DELETE FROM journal WHERE id = ?', id);
	}

	/** Close an entry together with what it brought about: both or neither are in the store. */
	finish(id: number, record: () => void): void {
		this.#db.transaction(() => {
			record();
			this.end(id);
		});
	}

	/** Newest first: later plans stand on earlier ones. */
	unfinished(): JournalEntry[] {
		return JOURNAL.all(this.#db, 'ORDER BY id DESC');
	}

	/** Undefined once it is ended. */
	get(id: number): JournalEntry | undefined {
		return JOURNAL.get(this.#db, 'WHERE id = ?', id);
	}
}
