import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Lost } from '#api/system.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { Action } from '../invocation.ts';
import { renderJson } from '../render/json.ts';
import { line, lines, terminalWidth } from '../render/output.ts';
import { size } from '../render/size.ts';
import { type Column, renderTable } from '../render/table.ts';
import { confirm } from './prune.ts';

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

export interface PruneOptions {
	readonly all?: boolean;
	readonly volumes?: boolean;
	readonly force?: boolean;
	readonly dryRun?: boolean;
}

export const prune: Action<PruneOptions> = async ({ options, client }) => {
	const { all = false, volumes = false, dryRun = false } = options;
	if (!dryRun) await confirm(warningOf({ all, volumes }), options);
	const { objects, bytes } = await client.system.prune({ all, volumes, ...(dryRun ? { dry_run: true } : {}) });
	lines(objects.map(({ kind, id, name }) => `${kind} ${id}${name === '' ? '' : ` ${name}`}`));
	line(`${dryRun ? 'Would free' : 'Freed'} ${size(bytes)}`);
};

function warningOf({ all, volumes }: Required<Pick<PruneOptions, 'all' | 'volumes'>>): string[] {
	return [
		'WARNING! This will remove:',
		'  - all stopped containers',
		'  - all networks that no container is connected to',
		...(volumes ? ['  - all volumes that no container mounts'] : []),
		all ? '  - all images that no container uses' : '  - all untagged images, with the layers of earlier builds',
		'  - all caches of RUN --mount=type=cache',
		volumes ? '  - all files in lost+found' : '  - all files in lost+found, except for volumes',
	];
}
