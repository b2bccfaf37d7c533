import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Lost } from '#api/system.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { Action } from '../invocation.ts';
import { renderJson } from '../render/json.ts';
import { line, lines, terminalWidth } from '../render/output.ts';
import { type Column, renderTable } from '../render/table.ts';
import { confirmRemoval, printRemoved } from './prune.ts';

const COLUMNS: readonly Column<Lost>[] = [
	{ title: 'KIND', cell: ({ kind }) => kind },
	{ title: 'ID', cell: ({ id }) => id, shrinks: true },
];

/** By the code of the error. */
const REASONS: Readonly<Record<string, string>> = {
	ENOENT: 'its directory does not exist',
	ENOTDIR: 'its directory does not exist',
	EISDIR: 'it is a directory',
	ENOTEMPTY: 'it is a directory',
	EEXIST: 'it is a directory',
	EACCES: 'you have no permission to write there',
	EPERM: 'you have no permission to write there',
	EROFS: 'its file system is read-only',
	ENOSPC: 'its file system is full',
	EDQUOT: 'its file system is full',
	ENAMETOOLONG: 'its name is too long',
};

export const backup: Action<object> = async ({ args: [file = ''], client }) => {
	const database = await client.system.backup();
	const partial = `${file}.partial`;
	try {
		// It holds the environments of containers, and with them perhaps passwords.
		writeFileSync(partial, database, { mode: 0o600, flush: true });
		renameSync(partial, file);
	} catch (error) {
		rmSync(partial, { force: true });
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot write ${file}`,
			why: REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error),
			hint: 'name a file in a directory that you can write to',
		});
	}
	line(file);
};

export const lost: Action<{ json?: boolean }> = async ({ options, settings, client }) => {
	const found = await client.system.lost();
	if (options.json) line(renderJson(found));
	else lines(renderTable(COLUMNS, found, { theme: settings.theme, width: terminalWidth() }));
};

export const prune: Action<{ force?: boolean }> = async ({ options, client }) => {
	await confirmRemoval('files in lost+found', options);
	printRemoved(await client.system.prune());
};
