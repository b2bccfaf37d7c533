/** Lists and removes files below the daemon's root directory. */
import { readdirSync } from 'node:fs';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { isId } from '#model/ids.ts';
import { hasCode } from '#os/errno.ts';
import { removeTree } from '#os/linux/files/removal.ts';

/** Names in a directory; none where there is no directory (any more). */
export function listNames(directory: string): string[] {
	try {
		return readdirSync(directory);
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return [];
		throw error;
	}
}

/** Names in a directory that are ids. */
export function listIds(directory: string): string[] {
	return listNames(directory).filter(isId);
}

/** Remove a file or directory with all that is in it. Missing is fine. @throws KleeneError, or the reason of the signal */
export async function removeFiles(path: string, signal?: AbortSignal): Promise<void> {
	try {
		await removeTree(path, signal);
	} catch (error) {
		signal?.throwIfAborted();
		throw removalFailed(path, error);
	}
}

export function removalFailed(path: string, cause: unknown): KleeneError {
	const mounted = hasCode(cause, 'EXDEV', 'EBUSY');
	return new KleeneError({
		code: 'HOST_FAILED',
		what: `cannot remove ${path}`,
		why: mounted ? 'something is mounted below it, and what is mounted there would be removed too' : messageOf(cause),
		hint: mounted ? `unmount it: findmnt -o TARGET | grep ${path}` : 'see why the host refuses this, then try again',
		cause,
	});
}
