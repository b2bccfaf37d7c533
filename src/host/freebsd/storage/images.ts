/** The read-only files of images: a dataset is complete when it has its snapshot `@image`, of which containers are clones. */
import { IMAGE_TEXTS } from '#errors/image-texts.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import type { ImageFilesPart } from '#model/parts/files.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { isDataset, type Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import { undoneOnFailure } from '../sandbox/stacks.ts';
import { forgetDownload, unpackArchive, unpackDistribution } from './base-system.ts';
import { discardLost, keepLost } from './lost.ts';
import { destroyDataset, unmountBelow } from './mounts.ts';

export class FreebsdImages implements PartHandler<'image-files'> {
	readonly #paths: Paths;
	readonly #patience: number;

	/** @param patience milliseconds that a server of archives may take to connect, and between two pieces of data */
	constructor(paths: Paths, patience = 60_000) {
		this.#paths = paths;
		this.#patience = patience;
	}

	/** Make the image; discard remains of an attempt interrupted by the loss of the host or the connection. */
	make(part: ImageFilesPart): Script {
		const { image, update } = part;
		if (update) throw noUpdates();
		const snapshot = this.#paths.imageSnapshot(image);
		const remove = this.unmake(part);
		return sh`if zfs list -H -o name ${snapshot} >/dev/null 2>&1; then exit 0; fi
${undoneOnFailure(remove)}
${remove}
${this.#fill(part)}
${copyFromHost(part, this.#paths.image(image))}
zfs snapshot ${snapshot}
${forgetDownload(this.#paths.download(image))}
trap - EXIT`;
	}

	/** With the snapshot of its source, which a clone is taken from and a copy only needs while it is made. */
	unmake({ image, source }: ImageFilesPart, { lost }: ApplyOptions = {}): Script {
		const dataset = this.#paths.imageDataset(image);
		const one = { kind: 'image', id: image } as const;
		if (lost === 'discard') return discardLost(this.#paths, one);
		if (lost === 'keep') return keepLost(this.#paths, one, { dataset, mountPoint: this.#paths.image(image) });
		return sh`if origin=$(zfs get -H -o value origin ${dataset} 2>/dev/null); then
${unmountBelow(this.#paths.image(image))}
${destroyDataset(dataset)}
	case $origin in
	*${`@${image}`}) zfs destroy "$origin" ;;
	esac
fi
${source.kind === 'dataset' ? destroySnapshot(sourceSnapshot(image, source.dataset)) : sh`:`}
${forgetDownload(this.#paths.download(image))}`;
	}

	describe(verb: 'make' | 'unmake', { image, source, dns, localtime }: ImageFilesPart): string[] {
		const dataset = this.#paths.imageDataset(image);
		if (verb === 'unmake') return [`zfs destroy -r ${dataset}`];
		const place = this.#paths.image(image);
		return [
			...this.#describeSource({ image, source }),
			...(dns ? [`cp /etc/resolv.conf ${place}/etc/resolv.conf`] : []),
			...(localtime ? [`cp /etc/localtime ${place}/etc/localtime`] : []),
			`zfs snapshot ${this.#paths.imageSnapshot(image)}`,
		];
	}

	#describeSource({ image, source }: Pick<ImageFilesPart, 'image' | 'source'>): string[] {
		const dataset = this.#paths.imageDataset(image);
		if (source.kind !== 'dataset') {
			const url = source.kind === 'archive' ? source.url : 'https://download.freebsd.org/releases/.../base.txz';
			return [`zfs create ${dataset}`, `fetch -o - ${url} | tar -xpf - -C ${this.#paths.image(image)}`];
		}
		const snapshot = sourceSnapshot(image, source.dataset);
		if (source.method === 'clone') return [`zfs snapshot ${snapshot}`, `zfs clone ${snapshot} ${dataset}`];
		return [`zfs snapshot ${snapshot}`, `zfs send ${snapshot} | zfs receive ${dataset}`, `zfs destroy ${snapshot}`];
	}

	#fill({ image, source }: ImageFilesPart): Script {
		const dataset = this.#paths.imageDataset(image);
		if (source.kind === 'dataset') {
			const { method } = source;
			const snapshot = sourceSnapshot(image, source.dataset);
			const taken = sh`${requireDataset(source.dataset)}
zfs snapshot ${snapshot}`;
			if (method === 'clone')
				return lines(taken, sh`zfs clone -o ${this.#paths.mark} ${snapshot} ${dataset}`, requireMounted(dataset));
			// What reads the stream notices when it is cut short; nobody asks how zfs send ended.
			return lines(
				taken,
				sh`zfs send ${snapshot} | zfs receive ${dataset}
zfs set ${this.#paths.mark} ${dataset}
zfs destroy ${`${dataset}@${image}`}
zfs destroy ${snapshot}`,
				requireMounted(dataset),
			);
		}
		const place = this.#paths.image(image);
		const download = { file: this.#paths.download(image), patience: this.#patience };
		return lines(
			sh`zfs create -o ${this.#paths.mark} ${dataset}`,
			requireMounted(dataset),
			source.kind === 'archive' ? unpackArchive(source.url, download, place) : unpackDistribution(download, place),
		);
	}
}

/** It would write as root, on the host, below a directory whose links may lead anywhere. */
function noUpdates(): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot update an image while creating it',
		why: 'freebsd-update(8) would run on the host and follow links of the image',
		hint: 'leave --update out; a dataset that you trust can be updated first (freebsd-update -b DIR fetch install) and made an image with zfs-copy',
	});
}

/** Named after the image, so that it is known for ours. */
function sourceSnapshot(image: string, dataset: string): string {
	if (isDataset(dataset)) return `${dataset}@${image}`;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: 'cannot create the image',
		why: `invalid dataset: '${dataset.slice(0, 80)}' is not the name of one`,
		hint: 'name a dataset of "zfs list", without a leading "/"',
		message: IMAGE_TEXTS.noDataset,
	});
}

function requireDataset(dataset: string): Script {
	const missing = refusal({
		code: 'IMAGE_FAILED',
		what: 'cannot create the image',
		why: `invalid dataset: the host has no file system ${dataset}`,
		hint: 'name a dataset of "zfs list -t filesystem", without a leading "/"',
		message: IMAGE_TEXTS.noDataset,
	});
	return sh`zfs list -H -o name -t filesystem ${dataset} >/dev/null 2>&1 || ${missing}`;
}

/** A source may have said that it is not to be mounted by itself. */
function requireMounted(dataset: string): Script {
	return sh`[ "$(zfs get -H -o value mounted ${dataset})" = yes ] || zfs mount ${dataset}`;
}

function destroySnapshot(snapshot: string): Script {
	return sh`if zfs list -H -o name -t snapshot ${snapshot} >/dev/null 2>&1; then
	zfs destroy ${snapshot}
fi`;
}

/**
 * The files are somebody else's: /etc may be a link that leads to the /etc of the host, and so may what is in it. A link
 * in the place of the file is removed, never written through; nothing else runs there meanwhile.
 */
function copyFromHost({ dns, localtime }: ImageFilesPart, place: string): Script {
	const files = [...(dns ? ['resolv.conf'] : []), ...(localtime ? ['localtime'] : [])];
	if (files.length === 0) return sh`:`;
	const elsewhere = refusal({
		code: 'IMAGE_FAILED',
		what: 'cannot create the image',
		why: 'its /etc is not a directory, and the host does not follow links of an image',
		hint: 'disable the settings of the host: --no-dns --no-localtime',
	});
	const copies = files.map(
		(name) => sh`if [ -f ${`/etc/${name}`} ]; then
	rm -f ${`${place}/etc/${name}`}
	cp ${`/etc/${name}`} ${`${place}/etc/${name}`}
	chmod 644 ${`${place}/etc/${name}`}
else
	echo ${`/etc/${name} not found on host, skipping...`}
fi`,
	);
	return sh`if [ -L ${`${place}/etc`} ]; then ${elsewhere}; fi
mkdir -p ${`${place}/etc`} 2>/dev/null || ${elsewhere}
${copies}`;
}
