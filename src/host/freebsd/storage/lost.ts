/** Files that nobody knows any more. They are moved aside, and stay until somebody asks for their removal. */
import type { LostFiles } from '#model/host/observed.ts';
import { isVolumeName } from '#model/volume.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import type { Paths } from '../paths.ts';
import { destroyDataset, unmountBelow } from './mounts.ts';

/** Moves a dataset aside, with all that is in it. Missing is fine. @param mountPoint of the dataset */
export function keepLost(
	paths: Paths,
	lost: LostFiles,
	{ dataset, mountPoint }: { dataset: string; mountPoint: string },
): Script {
	return sh`if zfs list -H -o name ${dataset} >/dev/null 2>&1; then
${unmountBelow(mountPoint)}
	zfs list -H -o name ${paths.lost()} >/dev/null 2>&1 || zfs create -p ${paths.lost()}
	chmod 700 "$(zfs get -H -o value mountpoint ${paths.lost()})"
	zfs rename ${dataset} ${paths.lostDataset(lost)}
fi`;
}

export function discardLost(paths: Paths, lost: LostFiles): Script {
	const dataset = paths.lostDataset(lost);
	return sh`if zfs list -H -o name ${dataset} >/dev/null 2>&1; then
${destroyDataset(dataset)}
fi`;
}

const NAME = /^(layer|container|volume)-(.+)$/;

/** @param datasets names of all there are */
export function lostAmong(paths: Paths, datasets: readonly string[]): LostFiles[] {
	const parent = `${paths.lost()}/`;
	return datasets.flatMap((name) => {
		const [, kind, id] = NAME.exec(name.startsWith(parent) ? name.slice(parent.length) : '') ?? [];
		return kind === undefined || id === undefined || !isVolumeName(id) ? [] : [{ kind, id } as LostFiles];
	});
}
