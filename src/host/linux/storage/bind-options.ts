import { realpathSync, statSync } from 'node:fs';
import { listMounts, type MountEntry, safetyOf } from '#os/linux/mounts.ts';

/** Options of the bind mount of a path. */
export type BindOptions = (source: string, readOnly: boolean) => readonly string[];

/** The file system alone that the source is on, whatever is mounted below it. */
export function plainBind(_source: string, readOnly: boolean): string[] {
	return ['bind', 'private', readOnly ? 'ro' : 'rw'];
}

/**
 * For a container in a user namespace below that of the host. What is mounted there it can neither leave out, which
 * would show what lies under it, nor have with fewer restrictions: the kernel refuses both.
 */
export function bindsBelow(): BindOptions {
	let mounts: readonly MountEntry[] | undefined;
	return (source, readOnly) => {
		const restricted = safetyOf(source);
		const access = readOnly || restricted.includes('ro') ? 'ro' : 'rw';
		const rest = restricted.filter((option) => option !== 'ro');
		if (!statSync(source).isDirectory()) return ['bind', 'private', access, ...rest];
		mounts ??= listMounts();
		if (!isAnyBelow(mounts, realpathSync(source))) return ['bind', 'private', access, ...rest];
		return ['rbind', 'rprivate', access, ...rest, ...(readOnly ? ['rro'] : [])];
	};
}

function isAnyBelow(mounts: readonly MountEntry[], directory: string): boolean {
	const below = directory === '/' ? '/' : `${directory}/`;
	return mounts.some(({ target }) => target !== '/' && target.startsWith(below));
}
