import { readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KleeneError } from '#errors/kleene-error.ts';
import { isId } from '#model/ids.ts';
import { isVolumeName } from '#model/volume.ts';
import { RecordFiles } from './records/files.ts';
import { RECORD_KINDS, type RecordKind } from './records/records.ts';
import { DATABASE } from './store.ts';

/** State of the database in a root directory. `empty`: a file without a database. */
export type Presence = 'present' | 'missing' | 'empty';

export function presenceOf(root: string): Presence {
	const file = join(root, DATABASE);
	const size = statSync(file, { throwIfNoEntry: false })?.size;
	if (size === undefined) return 'missing';
	return size === 0 || isBare(file) ? 'empty' : 'present';
}

/** A database without a table. Whatever cannot be read is none. */
export function isBare(file: string): boolean {
	try {
		const db = new DatabaseSync(file);
		try {
			return db.prepare('SELECT count(*) AS tables FROM sqlite_master').get()?.tables === 0;
		} finally {
			db.close();
		}
	} catch {
		return false;
	}
}

/**
 * Refuses a root directory that holds something of an earlier database, and no database.
 *
 * @throws KleeneError STORE_UNUSABLE
 */
export function requireDatabase(root: string): void {
	const presence = presenceOf(root);
	const remains = presence === 'present' ? [] : describeRemains(root);
	if (remains.length === 0) return;
	throw new KleeneError({
		code: 'STORE_UNUSABLE',
		what: `cannot start kleened with the root directory ${root}`,
		why: `its database ${DATABASE} is ${presence}, and ${remains.join(', ')} of an earlier one are there`,
		hint:
			`get them back: put the database or a backup of it in its place ("kleened restore FILE"), or rebuild it ` +
			`with "kleened recover"; to begin anew and put them aside: "kleened --new-store"`,
	});
}

const WORDS: Readonly<Record<RecordKind, string>> = {
	networks: 'network',
	layers: 'layer',
	images: 'image',
	volumes: 'volume',
	containers: 'container',
};

/** E.g. `1 image`, `2 containers`. Layers are named where no image is: they are what images are made of. */
function describeRemains(root: string): string[] {
	const records = new RecordFiles(root);
	const count = (kind: RecordKind) => new Set([...records.ids(kind), ...filesOf(root, kind)]).size;
	const parts = count('images') > 0 ? 'images' : 'layers';
	const kinds: readonly RecordKind[] = [parts, 'containers', 'networks', 'volumes'];
	return kinds.flatMap((kind) => {
		const found = count(kind);
		return found === 0 ? [] : [`${found} ${WORDS[kind]}${found === 1 ? '' : 's'}`];
	});
}

/** Ids of what has files in the root directory itself. */
function filesOf(root: string, kind: RecordKind): string[] {
	if (!RECORD_KINDS.includes(kind) || kind === 'networks') return [];
	try {
		return readdirSync(join(root, kind)).filter(kind === 'volumes' ? isVolumeName : isId);
	} catch {
		return [];
	}
}

/** SQLite keeps these beside a database. */
const COMPANIONS = ['', '-wal', '-shm'];

/** Gives the database another name. @returns that name; undefined where there was none */
export function setAside(root: string): string | undefined {
	const file = join(root, DATABASE);
	if (!statSync(file, { throwIfNoEntry: false })) return undefined;
	let number = 1;
	while (statSync(`${file}.${number}`, { throwIfNoEntry: false })) number += 1;
	for (const suffix of COMPANIONS)
		if (statSync(`${file}${suffix}`, { throwIfNoEntry: false }))
			renameSync(`${file}${suffix}`, `${file}.${number}${suffix}`);
	return `${DATABASE}.${number}`;
}
