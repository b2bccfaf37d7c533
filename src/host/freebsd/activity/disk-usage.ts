import type { DiskUsage } from '#model/activity/disk-usage.ts';
import { rowsOf } from '#os/freebsd/zfs.ts';
import { sh } from '#os/shell/quote.ts';
import type { Paths } from '../paths.ts';
import type { Section } from '../section.ts';

/** Every layer, container, volume and cache that has a dataset. */
export function diskUsageSection(paths: Paths): Section<DiskUsage[]> {
	const folders: readonly (readonly [string, DiskUsage['kind']])[] = [
		[paths.layers(), 'layer'],
		[paths.containers(), 'container'],
		[paths.volumes(), 'volume'],
		[paths.buildCaches(), 'cache'],
	];
	return {
		script: sh`zfs list -Hp -r -t filesystem -o name,used ${[paths.layers(), paths.containers(), paths.volumes()]}
# There is none before the first RUN with a cache.
zfs list -Hp -r -t filesystem -o name,used ${paths.buildCaches()} 2>/dev/null || :`,
		parse: (output) =>
			rowsOf(output).flatMap(([name = '', used]) => {
				const folder = folders.find(([dataset]) => name.startsWith(`${dataset}/`));
				const id = folder && name.slice(folder[0].length + 1);
				return folder && id && !id.includes('/') ? [{ kind: folder[1], id, bytes: Number(used) }] : [];
			}),
	};
}
