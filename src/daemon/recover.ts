/** `kleened recover` and `kleened restore FILE`: a database for a root directory that has none, or not the right one. */
import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NameDirectory } from '#engine/name-directory.ts';
import type { Report } from '#engine/recovery/merge.ts';
import { type Base, recover } from '#engine/recovery/recover.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { openHost } from '#host/select.ts';
import { tryLock } from '#os/file-lock.ts';
import { isBare, presenceOf, setAside } from '#store/presence.ts';
import { RecordFiles } from '#store/records/files.ts';
import { DATABASE, Store } from '#store/store.ts';
import type { DaemonConfig } from './configuration/config.ts';
import { lockRoot } from './root-lock.ts';

export interface RecoveryOrder {
	/** File that is put in the place of the database; undefined: what there is of it is used. */
	readonly backup: string | undefined;
	readonly options: readonly string[];
}

/** @param command first word on the command line, which others follow; undefined when it is another command */
export function readRecoveryOrder(command: string | undefined, words: readonly string[]): RecoveryOrder | undefined {
	if (command === 'recover') return { backup: undefined, options: words };
	if (command !== 'restore') return undefined;
	if (words.some((word) => word === '--help' || word === '-h')) return { backup: undefined, options: words };
	const [backup, ...options] = words;
	if (backup !== undefined && !backup.startsWith('-')) return { backup, options };
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: 'cannot restore a backup',
		why: 'none is named',
		hint: 'write it first: kleened restore FILE [options]',
	});
}

interface Log {
	warn(fields: object, message: string): void;
	info(fields: object, message: string): void;
}

/** Builds the database beside the place of the old one, which is kept under another name. */
export async function recoverRoot(config: DaemonConfig, { backup }: RecoveryOrder, log: Log): Promise<void> {
	const { root } = config;
	if (!existsSync(root))
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot recover ${root}`,
			why: 'there is no such directory',
			hint: 'name the root directory of the daemon with --root',
		});
	const unlock = lockRoot(root, tryLock);
	const next = join(root, `${DATABASE}.new`);
	const files = new RecordFiles(root);
	try {
		const base = prepare(root, next, backup);
		const store = Store.openFile(next, files.identity);
		const report = await recoverStore(store, { config, files, base, log }).finally(() => store.close());
		const before = setAside(root);
		renameSync(next, join(root, DATABASE));
		process.stdout.write(textOf(report, { root, before }));
	} finally {
		for (const suffix of ['', '-wal', '-shm']) rmSync(`${next}${suffix}`, { force: true });
		unlock();
	}
}

async function recoverStore(
	store: Store,
	{ config, files, base, log }: { config: DaemonConfig; files: RecordFiles; base: Base; log: Log },
): Promise<Report> {
	const host = await openHost({ ...config, store: store.identity, names: new NameDirectory(store), log });
	const report = await recover(store, host, files.readAll(), base).finally(() => host.close());
	return { ...report, left: [...report.left, ...files.damaged().map((file) => `${file}: the record is damaged`)] };
}

/** Puts what the new database begins with in its place. A database that cannot be used is no beginning. */
function prepare(root: string, next: string, backup: string | undefined): Base {
	for (const suffix of ['', '-wal', '-shm']) rmSync(`${next}${suffix}`, { force: true });
	if (backup !== undefined) {
		copyBackup(backup, next);
		return 'backup';
	}
	if (presenceOf(root) !== 'present') return 'current';
	try {
		const store = Store.openFile(join(root, DATABASE));
		store.copyTo(next);
		store.close();
	} catch (error) {
		process.stderr.write(`the database cannot be used, and is built anew: ${messageOf(error)}\n`);
		rmSync(next, { force: true });
	}
	return 'current';
}

function copyBackup(backup: string, next: string): void {
	const refuse = (why: string) =>
		new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot restore ${backup}`,
			why,
			hint: 'name a file that "klee system backup" made',
		});
	if (!existsSync(backup)) throw refuse('there is no such file');
	try {
		copyFileSync(backup, next);
		chmodSync(next, 0o600);
		if (isBare(next)) throw new Error('it is not a database of kleened');
		Store.openFile(next).close();
	} catch (error) {
		throw refuse(messageOf(error).replace(`${next}: `, ''));
	}
}

function textOf({ recovered, left }: Report, { root, before }: { root: string; before: string | undefined }): string {
	const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join('');
	return [
		recovered.length > 0 ? `recovered:\n${indented(recovered)}` : 'nothing was missing\n',
		left.length > 0 ? `not recovered:\n${indented(left)}` : '',
		before === undefined ? '' : `the database that was there is kept as ${join(root, before)}\n`,
		'kleened can be started again\n',
	].join('');
}
