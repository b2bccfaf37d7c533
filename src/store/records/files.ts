import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isId } from '#model/ids.ts';
import { isVolumeName } from '#model/volume.ts';
import { completed, FORMAT, readRecord } from './formats.ts';
import { RECORD_KINDS, type RecordKind, type RecordKinds, type Records } from './records.ts';

const SUFFIX = '.json';
/** Directory of what nobody knows any more. */
const LOST = 'lost+found';
const SINGULAR: Readonly<Record<RecordKind, string>> = {
	networks: 'network',
	layers: 'layer',
	images: 'image',
	volumes: 'volume',
	containers: 'container',
};

/** The files of the records: `<root>/records/<kind>/<id>.json`. What is kept there is for root alone. */
export class RecordFiles {
	readonly #root: string;

	constructor(root: string) {
		this.#root = root;
	}

	#directory(kind: RecordKind): string {
		return join(this.#root, 'records', kind);
	}

	#file(kind: RecordKind, id: string): string {
		return join(this.#directory(kind), `${id}${SUFFIX}`);
	}

	/** The whole of it or what was there before. */
	write<K extends RecordKind>(kind: K, id: string, record: RecordKinds[K]): void {
		const text = textOf(record);
		if (readOptional(this.#file(kind, id)) === text) return;
		const next = `${this.#file(kind, id)}.new`;
		mkdirSync(this.#directory(kind), { recursive: true, mode: 0o700 });
		writeFileSync(next, text, { mode: 0o600 });
		renameSync(next, this.#file(kind, id));
	}

	/** The same in the background; undefined removes it. One at a time: a file has but one that is to replace it. */
	async replace(kind: RecordKind, id: string, record: RecordKinds[RecordKind] | undefined): Promise<void> {
		const file = this.#file(kind, id);
		if (!record) return rm(file, { force: true });
		await mkdir(this.#directory(kind), { recursive: true, mode: 0o700 });
		await writeFile(`${file}.next`, textOf(record), { mode: 0o600 });
		await rename(`${file}.next`, file);
	}

	/** Removes files that a killed daemon had written, and not yet put in place of a record. */
	removeUnfinished(): void {
		for (const directory of RECORD_KINDS.map((kind) => this.#directory(kind)))
			for (const name of namesIn(directory).filter((name) => /\.json\.(new|next)$/.test(name)))
				rmSync(join(directory, name), { force: true });
	}

	remove(kind: RecordKind, id: string): void {
		rmSync(this.#file(kind, id), { force: true });
	}

	/** Ids, and of volumes names, in alphabetical order. */
	ids(kind: RecordKind): string[] {
		const isKey = kind === 'volumes' ? isVolumeName : isId;
		const names = namesIn(this.#directory(kind)).filter((name) => name.endsWith(SUFFIX));
		return names.map((name) => name.slice(0, -SUFFIX.length)).filter(isKey);
	}

	/** Undefined where there is none, or none that can be read. */
	read<K extends RecordKind>(kind: K, id: string): RecordKinds[K] | undefined {
		const record = parse(readOptional(this.#file(kind, id)));
		return record && isWhole(kind, record) ? (record as RecordKinds[K]) : undefined;
	}

	readAll(): Records {
		const all = <K extends RecordKind>(kind: K) => this.ids(kind).flatMap((id) => this.read(kind, id) ?? []);
		return completed({
			networks: all('networks'),
			layers: all('layers'),
			images: all('images'),
			volumes: all('volumes'),
			containers: all('containers'),
		});
	}

	/** Paths of records that cannot be read. */
	damaged(): string[] {
		return RECORD_KINDS.flatMap((kind) =>
			this.ids(kind).flatMap((id) => (this.read(kind, id) === undefined ? [this.#file(kind, id)] : [])),
		);
	}

	/** Puts it beside the files of what nobody knows any more. */
	lose(kind: RecordKind, id: string): void {
		if (readOptional(this.#file(kind, id)) === undefined) return;
		mkdirSync(join(this.#root, LOST), { recursive: true, mode: 0o700 });
		renameSync(this.#file(kind, id), this.#lostFile(kind, id));
	}

	/** Ids of what was lost. */
	lost(kind: RecordKind): string[] {
		const [before, after] = [`${SINGULAR[kind]}-`, SUFFIX];
		return namesIn(join(this.#root, LOST))
			.filter((name) => name.startsWith(before) && name.endsWith(after))
			.map((name) => name.slice(before.length, -after.length));
	}

	discardLost(kind: RecordKind, id: string): void {
		rmSync(this.#lostFile(kind, id), { force: true });
	}

	#lostFile(kind: RecordKind, id: string): string {
		return join(this.#root, LOST, `${SINGULAR[kind]}-${id}${SUFFIX}`);
	}

	/** Identity of the store that they are of; undefined where there are none. */
	get identity(): string | undefined {
		const { identity } = (parse(readOptional(this.#identityFile)) ?? {}) as { identity?: unknown };
		return typeof identity === 'string' && /^[0-9a-f]{8}$/.test(identity) ? identity : undefined;
	}

	writeIdentity(identity: string): void {
		if (this.identity === identity) return;
		mkdirSync(join(this.#root, 'records'), { recursive: true, mode: 0o700 });
		writeFileSync(this.#identityFile, textOf({ identity }), { mode: 0o600 });
	}

	get #identityFile(): string {
		return join(this.#root, 'records', `store${SUFFIX}`);
	}

	/** Whether there is any. */
	isEmpty(): boolean {
		return RECORD_KINDS.every((kind) => this.ids(kind).length === 0);
	}
}

function textOf(record: object): string {
	return `${JSON.stringify({ format: FORMAT, ...record })}\n`;
}

/** Whether a record has the object that it is about, by its id or, of a volume, its name. */
function isWhole(kind: RecordKind, record: object): boolean {
	const { [SINGULAR[kind]]: object } = record as Readonly<Record<string, unknown>>;
	return typeof object === 'object' && object !== null && ('id' in object || 'name' in object);
}

/** Ignore truncated records and those of a later format. */
function parse(text: string | undefined): object | undefined {
	if (text === undefined) return undefined;
	try {
		return readRecord(text);
	} catch {
		return undefined;
	}
}

function readOptional(file: string): string | undefined {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return undefined;
	}
}

function namesIn(directory: string): string[] {
	try {
		return readdirSync(directory).sort();
	} catch {
		return [];
	}
}
