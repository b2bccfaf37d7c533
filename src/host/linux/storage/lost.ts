/** Files that nobody knows any more. They are moved aside, and stay until somebody asks for their removal. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import type { LostFiles } from '#model/host/observed.ts';
import type { Paths } from '../paths.ts';
import { listNames, removeFiles } from './files.ts';

const NAME = /^(layer|container|volume)-(.+)$/;

/** Moves the files at a path aside. Missing is fine. */
export function keepLost(paths: Paths, lost: LostFiles, from: string): void {
	if (!existsSync(from)) return;
	const place = placeOf(paths, lost);
	if (existsSync(place)) throw taken(place, from);
	mkdirSync(paths.lost(), { recursive: true, mode: 0o700 });
	renameSync(from, place);
}

export async function discardLost(paths: Paths, lost: LostFiles): Promise<void> {
	await removeFiles(placeOf(paths, lost));
}

export function observeLost(paths: Paths): LostFiles[] {
	return listNames(paths.lost()).flatMap((name) => {
		const [, kind, id] = NAME.exec(name) ?? [];
		// The records beside the files.
		return kind === undefined || id === undefined || name.endsWith('.json') ? [] : [{ kind, id } as LostFiles];
	});
}

function placeOf(paths: Paths, { kind, id }: LostFiles): string {
	return join(paths.lost(), `${kind}-${id}`);
}

function taken(place: string, from: string): KleeneError {
	return new KleeneError({
		code: 'HOST_FAILED',
		what: `cannot put ${from} aside`,
		why: `${place} already exists`,
		hint: 'check its content, then remove it ("klee system prune") or give it another name',
	});
}
