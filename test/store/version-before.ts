import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS } from '#store/migrations.ts';

/**
 * Version of the schema in which the part of an ipnet address had the kind `alias`, and an image was one set of files. Layers
 * of base images have the ids of their images, so parts can be brought back to that.
 */
const VERSION = 6;
const TEXTS = [
	['containers', 'parts'],
	['journal', 'steps'],
	['journal', 'record'],
] as const;
/** Columns of now that a column of then is read from. */
const SOURCES: Readonly<Record<string, string>> = {
	'images.cmd': "config ->> '$.cmd'",
	'images.env': "config ->> '$.env'",
	'images.user': "config ->> '$.user'",
	'images.instructions': "'[]'",
	'images.dataset': "replace(dataset, 'layers/', 'images/')",
};

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
		const names = columns.map((column) => String(column.name));
		const sources = names.map((column) => SOURCES[`${name}.${column}`] ?? column);
		const copy = `INSERT INTO main.${name} (${names.join(', ')}) SELECT ${sources.join(', ')} FROM now.${name}`;
		db.exec(`DELETE FROM main.${name}; ${copy}`);
	}
	const layers = db
		.prepare('SELECT id FROM now.layers')
		.all()
		.map(({ id }) => String(id));
	for (const [table, column] of TEXTS) {
		db.exec(`UPDATE main.${table} SET ${column} = replace(${column}, '"kind":"ipnet-address"', '"kind":"alias"')`);
		const back = db.prepare(`UPDATE main.${table} SET ${column} = replace(${column}, ?, ?)`);
		for (const id of layers) back.run(`"layers":["${id}"]`, `"image":"${id}"`);
	}
	db.close();
	renameSync(next, file);
	for (const id of layers) layerBefore(dirname(file), id);
}

/** Images were directories called `images/ID/root`. */
function layerBefore(root: string, id: string): void {
	const files = join(root, 'layers', id);
	if (!existsSync(files)) return;
	mkdirSync(join(root, 'images', id), { recursive: true });
	renameSync(files, join(root, 'images', id, 'root'));
}

/** A record of the version before. @param text of one of now */
export function recordBefore(text: string): string {
	return text
		.replace(/^\{"format":\d+/, '{"format":1')
		.replaceAll('"kind":"ipnet-address"', '"kind":"alias"')
		.replaceAll(/"layers":\["([0-9a-f]+)"\]/g, '"image":"$1"')
		.replace(/"layer":"[0-9a-f]+",/, '')
		.replace(
			/"config":\{"entrypoint":\[\],("cmd":.*?),"workdir":.*?"shell":\[\]\},"history":\[\],"digest":""/,
			'$1,"instructions":[]',
		)
		.replace('"dataset":"layers/', '"dataset":"images/');
}
