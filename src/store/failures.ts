import { closeSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { exhaustedResource, refuseExhausted } from '#errors/exhaustion.ts';
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

/** Of a file system that has less than this left SQLite makes no file beside a database. Bytes. */
const LEAST = 64 * 1024;

/** A file system without room may also keep SQLite from opening a file, or from making the log as long as it is to be. */
function isFullAt(file: string): boolean {
	try {
		const { bavail, bsize, files, ffree } = statfsSync(dirname(file));
		return bavail * bsize < LEAST || (files > 0 && ffree === 0);
	} catch {
		return false;
	}
}

/** Descriptors that SQLite needs: of the file, its log, the index of that, and the directory. */
const NEEDED = 4;

/** SQLite says of a lack of descriptors that the file cannot be opened. */
function lackOfDescriptors(): unknown {
	const opened: number[] = [];
	try {
		while (opened.length < NEEDED) opened.push(openSync('/dev/null', 'r'));
		return undefined;
	} catch (error) {
		return exhaustedResource(error) === undefined ? undefined : error;
	} finally {
		for (const fd of opened) closeSync(fd);
	}
}

/** The error that SQLite gives another name to. */
function trueCause(file: string, result: number): 'full' | { readonly lack: unknown } | undefined {
	if (result !== IOERR && result !== CANTOPEN) return undefined;
	const lack = lackOfDescriptors();
	if (lack !== undefined) return { lack };
	return isFullAt(file) ? 'full' : undefined;
}

/** Refusals for lack of room. */
const full = new WeakSet<object>();

/** Also of what `explain` made of it. */
export function isFull(error: unknown): boolean {
	return resultOf(error) === FULL || (typeof error === 'object' && error !== null && full.has(error));
}

/** Turns errors of the database file or its disk into refusals; passes on all others. */
export function explain(file: string, error: unknown): unknown {
	const result = resultOf(error);
	if (result === CORRUPT || result === NOTADB) return damaged(file, messageOf(error), error);
	const what = 'cannot use the database';
	const cause = trueCause(file, result);
	if (typeof cause === 'object') return refuseExhausted(what, cause.lack);
	const isFull = result === FULL || cause === 'full';
	const hint = HINTS[isFull ? FULL : result];
	if (hint === undefined) return error;
	const why = `${file}: ${cause === 'full' ? 'database or disk is full' : messageOf(error)}`;
	const refusal = new KleeneError({ code: 'STORE_UNUSABLE', what, why, hint, cause: error });
	if (isFull) full.add(refusal);
	return refusal;
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
