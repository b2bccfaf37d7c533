import type { DiskUsage } from '#model/activity/disk-usage.ts';
import { rowsOf } from '#os/freebsd/zfs.ts';
import { sh } from '#os/shell/quote.ts';
import type { Paths } from '../paths.ts';
import type { Section } from '../section.ts';

/** Every layer, container and volume that has a dataset. */
export function diskUsageSection(paths: Paths): Section<DiskUsage[]> {
	const folders: readonly (readonly [string, DiskUsage['kind']])[] = [
		[paths.layers(), 'layer'],
		[paths.containers(), 'container'],
		[paths.volumes(), 'volume'],
	];
	return {
		script: sh`zfs list -Hp -r -t filesystem -o name,used ${folders.map(([dataset]) => dataset)}`,
		parse: (output) =>
			rowsOf(output).flatMap(([name = '', used]) => {
				const folder = folders.find(([dataset]) => name.startsWith(`${dataset}/`));
				const id = folder && name.slice(folder[0].length + 1);
				return folder && id && !id.includes('/') ? [{ kind: folder[1], id, bytes: Number(used) }] : [];
			}),
	};
}
