import type { Step } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { Database, Row } from './database.ts';

const FIELDS = 'id, subject, mode, steps, record, whole, cursor';

/** `build`: undone when it cannot be finished. `teardown`: finished as far as possible, never undone. */
export type JournalMode = 'build' | 'teardown';

export interface JournalEntry {
	readonly id: number;
	/** What the plan is about, for people, e.g. `network 2f1dc29b8f36`. */
	readonly subject: string;
	readonly mode: JournalMode;
	readonly steps: readonly Step[];
	/** What is to be recorded when a build was undone, a teardown finished. */
	readonly record: readonly StoreChange[];
	/** Whether that is so only where no step of the teardown failed. */
	readonly whole: boolean;
	/** Steps before this index are done, this one may be, later ones are not. */
	readonly cursor: number;
}

export type NewEntry = Omit<JournalEntry, 'id' | 'cursor'>;

export class JournalStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	begin({ subject, mode, steps, record, whole }: NewEntry): number {
		const sql = 'INSERT INTO journal (subject, mode, steps, record, whole) VALUES (?, ?, ?, ?, ?)';
		return this.#db.run(sql, subject, mode, JSON.stringify(steps), JSON.stringify(record), Number(whole)).id;
	}

	advance(id: number, cursor: number): void {
		this.#db.run('UPDATE journal SET cursor = ? WHERE id = ?', cursor, id);
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
		return this.#db.all(`SELECT ${FIELDS} FROM journal ORDER BY id DESC`).map(toEntry);
	}

	/** Undefined once it is ended. */
	get(id: number): JournalEntry | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM journal WHERE id = ?`, id);
		return row && toEntry(row);
	}
}

function toEntry(row: Row): JournalEntry {
	return {
		id: Number(row.id),
		subject: String(row.subject),
		mode: String(row.mode) as JournalMode,
		steps: JSON.parse(String(row.steps)),
		record: JSON.parse(String(row.record)),
		whole: row.whole === 1,
		cursor: Number(row.cursor),
	};
}
