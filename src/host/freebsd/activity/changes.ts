import type { FileChange } from '#model/activity/file-change.ts';
import { parseDiff } from '#os/freebsd/zfs-diff.ts';
import { lines, sh } from '#os/shell/quote.ts';
import type { Paths } from '../paths.ts';
import type { Section } from '../section.ts';

/** The dataset of a container is a clone of a snapshot of its image. */
export function changesSection(paths: Paths, container: string): Section<FileChange[]> {
	const dataset = paths.containerDataset(container);
	const root = paths.containerRoot(container);
	return {
		script: lines(sh`origin=$(zfs get -H -o value origin ${dataset})`, sh`zfs diff -H "$origin" ${dataset}`),
		parse: (output) =>
			parseDiff(output)
				.filter(({ path }) => path.startsWith(`${root}/`) && path !== `${root}/`)
				.map(({ kind, path }) => ({ kind, path: path.slice(root.length) })),
	};
}
