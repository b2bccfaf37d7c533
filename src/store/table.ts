import type { SQLInputValue } from 'node:sqlite';
import type { Database, Row } from './database.ts';

/** Keeps one property of a model value in one column. */
export interface Column<V> {
	readonly name: string;
	write(value: V): SQLInputValue;
	read(cell: SQLInputValue): V;
	/** SQL that reads it from elsewhere than the table, which then has no such column; absent: the column itself. */
	readonly select?: string;
}

export function text(name: string): Column<string> {
	return { name, write: (value) => value, read: String };
}

export function integer(name: string): Column<number> {
	return { name, write: (value) => value, read: Number };
}

/** 0 or 1. */
export function flag(name: string): Column<boolean> {
	return { name, write: Number, read: (cell) => cell === 1 };
}

/** Text of which there are only these. @throws Error on reading for any other */
export function oneOf<V extends string>(name: string, values: readonly V[]): Column<V> {
	const read = (cell: SQLInputValue) => {
		const known = values.find((value) => value === cell);
		if (known === undefined) throw new Error(`column ${name} of the store holds '${cell}'`);
		return known;
	};
	return { name, write: (value) => value, read };
}

/** Plain data as JSON. What is read is what was written: nothing is checked. */
export function json<V>(name: string): Column<V> {
	return { name, write: (value) => JSON.stringify(value), read: (cell) => JSON.parse(String(cell)) };
}

export function nullable<V>(column: Column<V>): Column<V | null> {
	return {
		...column,
		write: (value) => (value === null ? null : column.write(value)),
		read: (cell) => (cell === null ? null : column.read(cell)),
	};
}

/** Reads a property from elsewhere by an SQL expression; nothing is written. */
export function selected<V>(sql: string, column: Column<V>): Column<V> {
	return { ...column, select: sql };
}

/** A column for each property; their order is that of the statements. */
export type Columns<T> = { readonly [K in keyof T]-?: Column<T[K]> };

/**
 * The rows of one table as values. INSERT, UPDATE and SELECT come from the list of columns, which is the one place that
 * says what a property is called there and how it is kept.
 *
 * @template D properties that the database fills in where they are not given
 */
export class Table<T extends object, D extends keyof T = never> {
	readonly #name: string;
	readonly #columns: readonly (readonly [property: keyof T, Column<T[keyof T]>])[];
	readonly #select: string;

	constructor(name: string, columns: Columns<T>) {
		this.#name = name;
		this.#columns = listOf(columns);
		const fields = this.#columns.map(([, { name, select }]) => (select ? `${select} AS ${name}` : name));
		this.#select = `SELECT ${fields.join(', ')} FROM ${name}`;
	}

	/** @returns the id of the row */
	insert(db: Database, value: Omit<T, D> & Partial<T>): number {
		const cells = this.#cells(value);
		const names = cells.map(({ name }) => name).join(', ');
		const sql = `INSERT INTO ${this.#name} (${names}) VALUES (${cells.map(() => '?').join(', ')})`;
		return db.run(sql, ...cells.map(({ cell }) => cell)).id;
	}

	/** Changes what is named and nothing else. @param tail e.g. `WHERE id = ?` */
	update(db: Database, changes: Partial<T>, tail: string, ...values: SQLInputValue[]): void {
		const cells = this.#cells(changes);
		const assignments = cells.map(({ name }) => `${name} = ?`).join(', ');
		db.run(`UPDATE ${this.#name} SET ${assignments} ${tail}`, ...cells.map(({ cell }) => cell), ...values);
	}

	/** @param tail e.g. `WHERE id = ?` */
	get(db: Database, tail: string, ...values: SQLInputValue[]): T | undefined {
		const row = db.get(`${this.#select} ${tail}`, ...values);
		return row && this.#read(row);
	}

	/** @param tail e.g. `WHERE network_id = ? ORDER BY id` */
	all(db: Database, tail: string, ...values: SQLInputValue[]): T[] {
		return db.all(`${this.#select} ${tail}`, ...values).map((row) => this.#read(row));
	}

	#cells(value: Partial<T>): { readonly name: string; readonly cell: SQLInputValue }[] {
		return this.#columns.flatMap(([property, column]) => {
			const own = value[property];
			return own === undefined || column.select ? [] : [{ name: column.name, cell: column.write(own) }];
		});
	}

	#read(row: Row): T {
		const entries = this.#columns.map(([property, { name, read }]) => [property, read(row[name] ?? null)]);
		return Object.fromEntries(entries);
	}
}

function listOf<T extends object>(columns: Columns<T>): [keyof T, Column<T[keyof T]>][] {
	const list: [keyof T, Column<T[keyof T]>][] = [];
	for (const property in columns) list.push([property, columns[property]]);
	return list;
}
