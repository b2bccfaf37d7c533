import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { damaged, explain, tooNew } from './failures.ts';
import { MIGRATIONS } from './migrations.ts';

/** A row as SQLite gives it. Only repositories see rows; they hand out model values. */
export type Row = Record<string, SQLInputValue>;

/** Pages, and their size in bytes. */
const ROOM = 512;
const PAGE = 4096;

/**
 * The database of a daemon: `<root>/metadata.sqlite`, mode 600, write-ahead log.
 * `synchronous = NORMAL` keeps it consistent after any crash of the daemon; a power failure may lose the last changes,
 * which reconcile then takes for leaks and clears away, since the host lost its interfaces too.
 */
export class Database {
	readonly #file: string;
	readonly #db: DatabaseSync;
	readonly #statements = new Map<string, StatementSync>();
	readonly identity: string;
	#depth = 0;
	#changed = () => {};
	#roomy = false;

	/**
	 * @param identity that a new one is to have; default: by chance
	 * @throws KleeneError STORE_UNUSABLE, with the file as it was
	 */
	constructor(file: string, identity?: string) {
		this.#file = file;
		this.#db = this.#guarded(() => new DatabaseSync(file));
		try {
			this.#guarded(() => this.#requireSound());
			this.#db.exec(
				'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000',
			);
			this.#migrate();
			this.identity = this.#identify(identity);
		} catch (error) {
			this.#db.close();
			throw explain(file, error);
		}
	}

	/** Before anything is written. */
	#requireSound(): void {
		const version = this.#version();
		if (version > MIGRATIONS.length) throw tooNew(this.#file, version, MIGRATIONS.length);
		const { quick_check: result } = this.#db.prepare('PRAGMA quick_check(1)').get() as Row;
		if (result !== 'ok') throw damaged(this.#file, `it is damaged: ${String(result).replaceAll('\n', ' ')}`);
	}

	#version(): number {
		return Number((this.#db.prepare('PRAGMA user_version').get() as Row).user_version);
	}

	/** Errors of the file become refusals. */
	#guarded<T>(work: () => T): T {
		try {
			return work();
		} catch (error) {
			throw explain(this.#file, error);
		}
	}

	/** A number that the header of the file has room for; 0 in a new one. */
	#identify(wanted: string | undefined): string {
		const present = Number(this.get('PRAGMA application_id')?.application_id ?? 0);
		const id = present || Number.parseInt(wanted ?? '0', 16) || newIdentity();
		if (present === 0) this.#db.exec(`PRAGMA application_id = ${id}`);
		return id.toString(16).padStart(8, '0');
	}

	/** @param file created with mode 600 where it is missing, its directory with mode 700 */
	static open(file: string, identity?: string): Database {
		mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
		const before = process.umask(0o077);
		try {
			return new Database(file, identity);
		} finally {
			process.umask(before);
		}
	}

	#migrate(): void {
		const version = this.#version();
		for (const [index, script] of MIGRATIONS.entries()) {
			if (index < version) continue;
			this.transaction(() => {
				this.#db.exec(script);
				this.#db.exec(`PRAGMA user_version = ${index + 1}`);
			});
		}
	}

	#prepare(sql: string): StatementSync {
		let statement = this.#statements.get(sql);
		if (!statement) {
			statement = this.#db.prepare(sql);
			this.#statements.set(sql, statement);
		}
		return statement;
	}

	get(sql: string, ...values: SQLInputValue[]): Row | undefined {
		return this.#guarded(() => this.#prepare(sql).get(...values)) as Row | undefined;
	}

	all(sql: string, ...values: SQLInputValue[]): Row[] {
		return this.#guarded(() => this.#prepare(sql).all(...values)) as Row[];
	}

	run(sql: string, ...values: SQLInputValue[]): { readonly changes: number; readonly id: number } {
		const { changes, lastInsertRowid } = this.#guarded(() => this.#prepare(sql).run(...values));
		this.#changed();
		return { changes: Number(changes), id: Number(lastInsertRowid) };
	}

	/** All or nothing. Nested calls join the outer transaction. */
	transaction<T>(work: () => T): T {
		if (this.#depth > 0) return work();
		this.#guarded(() => this.#db.exec('BEGIN IMMEDIATE'));
		this.#depth += 1;
		try {
			const result = work();
			this.#guarded(() => this.#db.exec('COMMIT'));
			return result;
		} catch (error) {
			// Some failures end the transaction by themselves.
			if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
			throw error;
		} finally {
			this.#depth -= 1;
		}
	}

	/** Result of `work`, whose writes are rolled back. Not within a transaction, which would keep them. */
	dryRun<T>(work: () => T): T {
		if (this.#depth > 0) throw new Error('a dry run within a transaction would not be rolled back');
		this.#db.exec('BEGIN IMMEDIATE');
		this.#depth += 1;
		try {
			return work();
		} finally {
			this.#depth -= 1;
			this.#db.exec('ROLLBACK');
		}
	}

	/** Tables and triggers of this connection alone, which are not kept. */
	define(sql: string): void {
		this.#guarded(() => this.#db.exec(sql));
	}

	/** Called after every statement that may have changed something, within the transaction that it is in. */
	onChange(listener: () => void): void {
		this.#changed = listener;
	}

	/**
	 * Has the log as long as it gets, and as many free pages as its end may need: what is written then is written over, and
	 * asks for no room on the disk.
	 */
	takeRoom(): void {
		const free = Number((this.#db.prepare('PRAGMA freelist_count').get() as Row).freelist_count);
		if (this.#roomy && free >= ROOM / 2) return;
		this.#guarded(() => {
			this.#db.exec(`PRAGMA wal_autocheckpoint = ${ROOM / 2}`);
			this.#db.exec(`CREATE TABLE room AS SELECT zeroblob(${ROOM * PAGE}) AS filler; DROP TABLE room`);
			this.#db.exec('PRAGMA wal_checkpoint(RESTART)');
		});
		this.#roomy = true;
	}

	/** @param file that does not exist yet; made with mode 600 */
	copyTo(file: string): void {
		const before = process.umask(0o077);
		try {
			this.#guarded(() => this.#db.prepare('VACUUM INTO ?').run(file));
		} finally {
			process.umask(before);
		}
	}

	copy(): Uint8Array {
		return this.#guarded(() => this.#db.serialize());
	}

	get isOpen(): boolean {
		return this.#db.isOpen;
	}

	close(): void {
		this.#statements.clear();
		this.#db.close();
	}
}

function newIdentity(): number {
	return 1 + (crypto.getRandomValues(new Uint32Array(1))[0]! % 0x7ffffffe);
}
