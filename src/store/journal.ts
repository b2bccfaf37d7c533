import type { Step } from '#model/step.ts';
import type { Database } from './database.ts';

/** `build`: undone when it cannot be finished. `teardown`: finished as far as possible, never undone. */
export type JournalMode = 'build' | 'teardown';

export interface JournalEntry {
	readonly id: number;
	/** What the plan is about, for people, e.g. `network 2f1dc29b8f36`. */
	readonly subject: string;
	readonly mode: JournalMode;
	readonly steps: readonly Step[];
	/** Steps before this index are done, this one may be, later ones are not. */
	readonly cursor: number;
}

export class JournalStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	begin(subject: string, mode: JournalMode, steps: readonly Step[]): number {
		const sql = 'INSERT INTO journal (subject, mode, steps) VALUES (?, ?, ?)';
		return this.#db.run(sql, subject, mode, JSON.stringify(steps)).id;
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
		return this.#db.all('SELECT id, subject, mode, steps, cursor FROM journal ORDER BY id DESC').map((row) => ({
			id: Number(row.id),
			subject: String(row.subject),
			mode: String(row.mode) as JournalMode,
			steps: JSON.parse(String(row.steps)),
			cursor: Number(row.cursor),
		}));
	}
}
