import { join } from 'node:path';
import type { DiskUsage } from '#model/activity/disk-usage.ts';
import { isId } from '#model/ids.ts';
import { diskUsage } from '#os/linux/accounting/disk-usage.ts';
import type { Paths } from '../paths.ts';
import { listNames } from '../storage/files.ts';

/** Every layer, container, volume and cache that has files, and what is in lost+found. */
export async function measure(paths: Paths): Promise<DiskUsage[]> {
	const places = new Map<string, Omit<DiskUsage, 'bytes'>>();
	const add = (kind: DiskUsage['kind'], directory: string, isOurs: (name: string) => boolean) => {
		for (const id of listNames(directory).filter(isOurs)) places.set(join(directory, id), { kind, id });
	};
	add('layer', paths.layers(), isId);
	add('container', paths.containers(), isId);
	add('volume', paths.volumes(), (name) => !name.startsWith('.'));
	add('cache', paths.buildCaches(), (name) => !name.startsWith('.'));
	add('lost', paths.lost(), (name) => !name.endsWith('.json'));
	const sizes = await diskUsage([...places.keys()]);
	return [...places].map(([path, place]) => ({ ...place, bytes: sizes.get(path) ?? 0 }));
}
