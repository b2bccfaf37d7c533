/** Symbolic links of an archive, followed without a file system: those that came before an entry lead where they point. */
import { ArchiveError } from './archive-error.ts';
import type { ArchiveEntry } from './entry.ts';

/** Links in one path. Source: path_resolution(7). */
const MOST_LINKS = 40;

export class SeenLinks {
	/** Targets by path, a character for each byte. */
	readonly #targets = new Map<string, string>();

	/**
	 * The entry with paths that lead through no link of the archive before it. A target that begins with / begins at the root.
	 *
	 * @throws ArchiveError for links that lead out of the root or go round in a circle
	 */
	follow(entry: ArchiveEntry): ArchiveEntry {
		const real = (names: readonly string[]) =>
			names.length < 2 ? names : [...this.#real(entry, names.slice(0, -1)), ...names.slice(-1)];
		const followed = { ...entry, path: real(entry.path), linkPath: real(entry.linkPath) };
		const path = followed.path.join('/');
		if (entry.type === 'symlink') this.#targets.set(path, entry.target.toString('latin1'));
		else this.#targets.delete(path);
		return followed;
	}

	#real(entry: ArchiveEntry, path: readonly string[]): readonly string[] {
		if (this.#targets.size === 0) return path;
		let left = MOST_LINKS;
		const step = (base: readonly string[], name: string): readonly string[] => {
			if (name === '' || name === '.') return base;
			if (name === '..' && base.length > 0) return base.slice(0, -1);
			const target = name === '..' ? '' : this.#targets.get([...base, name].join('/'));
			if (target === undefined) return [...base, name];
			left -= 1;
			if (name === '..' || left < 0)
				throw new ArchiveError('hostile', `${entry.name} leads through a symbolic link`, { entry: entry.name });
			return target.split('/').reduce(step, target.startsWith('/') ? [] : base);
		};
		return path.reduce<readonly string[]>(step, []);
	}
}
