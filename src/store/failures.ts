import { KleeneError, messageOf } from '#errors/kleene-error.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const HINTS: Readonly<Record<number, string>> = {
	[READONLY]: 'check that its file system is writable, and check its owner and mode',
	[IOERR]: 'see what the kernel says of the disk (dmesg)',
	[FULL]: 'free some space on its file system: containers can be stopped and removed all the same',
	[CANTOPEN]: 'see that it is a file, and that kleened may write to its directory',
};

const REBUILD =
	'put a backup in its place ("kleened restore FILE"), or rebuild it from what is on the disk ("kleened recover")';

/** The primary result code of an error of SQLite; 0: it is none. */
function resultOf(error: unknown): number {
	const errcode = (error as { errcode?: unknown } | undefined)?.errcode;
	return typeof errcode === 'number' ? errcode & 0xff : 0;
}

/** Also of what `explain` made of it. */
export function isFull(error: unknown): boolean {
	return resultOf(error) === FULL || (error instanceof Error && resultOf(error.cause) === FULL);
}

/** Turns errors of the database file or its disk into refusals; passes on all others. */
export function explain(file: string, error: unknown): unknown {
	const result = resultOf(error);
	if (result === CORRUPT || result === NOTADB) return damaged(file, messageOf(error), error);
	const hint = HINTS[result];
	if (hint === undefined) return error;
	const what = 'cannot use the database';
	return new KleeneError({ code: 'STORE_UNUSABLE', what, why: `${file}: ${messageOf(error)}`, hint, cause: error });
}

export function damaged(file: string, why: string, cause?: unknown): KleeneError {
	const what = 'cannot use the database';
	return new KleeneError({ code: 'STORE_UNUSABLE', what, why: `${file}: ${why}`, hint: REBUILD, cause });
}

export function tooNew(file: string, version: number, known: number): KleeneError {
	return new KleeneError({
		code: 'STORE_UNUSABLE',
		what: 'cannot use the database',
		why: `${file} has schema ${version}; this kleened supports schemas up to ${known}`,
		hint: 'use the newer kleened, or a backup of an earlier version',
	});
}
