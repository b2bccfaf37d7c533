import { renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS } from '#store/migrations.ts';

/** Version of the schema in which the part of an ipnet address had the kind `alias`. */
const VERSION = 6;
const TEXTS = [
	['containers', 'parts'],
	['journal', 'steps'],
	['journal', 'record'],
] as const;

/** Makes of a database that nobody has open one as the version before wrote it, with the same content. */
export function toVersionBefore(file: string): void {
	const next = `${file}.before`;
	const db = new DatabaseSync(next, { enableForeignKeyConstraints: false });
	for (const script of MIGRATIONS.slice(0, VERSION)) db.exec(script);
	db.exec(`PRAGMA user_version = ${VERSION}`);
	db.prepare('ATTACH ? AS now').run(file);
	const { application_id: identity } = db.prepare('PRAGMA now.application_id').get() ?? {};
	db.exec(`PRAGMA application_id = ${identity}`);
	for (const { name } of db.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").all()) {
		const columns = db.prepare('SELECT name FROM pragma_table_info(?)').all(String(name));
		const list = columns.map((column) => column.name).join(', ');
		db.exec(`DELETE FROM main.${name}; INSERT INTO main.${name} (${list}) SELECT ${list} FROM now.${name}`);
	}
	for (const [table, column] of TEXTS) db.exec(`UPDATE main.${table} SET ${column} = ${asBefore(column)}`);
	db.close();
	renameSync(next, file);
}

function asBefore(column: string): string {
	return `replace(${column}, '"kind":"ipnet-address"', '"kind":"alias"')`;
}

/** A record of the version before. @param text of one of now */
export function recordBefore(text: string): string {
	return text.replace(/^\{"format":\d+/, '{"format":1').replaceAll('"kind":"ipnet-address"', '"kind":"alias"');
}
