import { type Script, sh } from '#os/shell/quote.ts';

/** Datasets that others are below. */
interface Places {
	readonly zfsRoot: string;
	layers(): string;
	lost(): string;
}

/**
 * Images of earlier versions, `image/ID@image`, become layers of the same id. Containers are their clones still: ZFS keeps
 * track of that. Where it is cut short, the next time goes on.
 */
export function takeOverImages(paths: Places): Script {
	const before = `${paths.zfsRoot}/image`;
	return sh`if zfs list -H -o name ${before} >/dev/null 2>&1; then
	for dataset in $(zfs list -H -o name -d 1 -r -t filesystem ${before}); do
		[ "$dataset" != ${before} ] || continue
		if zfs list -H -o name "$dataset@image" >/dev/null 2>&1; then zfs rename "$dataset@image" "$dataset@layer"; fi
		zfs rename "$dataset" ${paths.layers()}"/\${dataset##*/}"
	done
	zfs destroy ${before} || :
fi
for dataset in $(zfs list -H -o name -d 1 -r -t filesystem ${paths.lost()} 2>/dev/null); do
	case $dataset in ${paths.lost()}/image-*) zfs rename "$dataset" ${paths.lost()}"/layer-\${dataset##*/image-}" ;; esac
done`;
}
