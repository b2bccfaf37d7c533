/**
 * The read-only files of layers: a dataset is complete when it has its snapshot `@layer`, of which containers and the layers
 * above are clones.
 */
import { IMAGE_TEXTS } from '#errors/image-texts.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import type { LayerSource } from '#model/layer.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { isDataset, type Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import type { BlobPart, Unpacking } from '../registry/unpacking.ts';
import { undoneOnFailure } from '../sandbox/stacks.ts';
import { forgetDownload, unpackArchive, unpackDistribution } from './base-system.ts';
import { discardLost, keepLost } from './lost.ts';
import { destroyDataset, unmountBelow } from './mounts.ts';

export class FreebsdLayers implements PartHandler<'layer'> {
	readonly #paths: Paths;
	readonly #patience: number;
	readonly #unpacking: Unpacking | undefined;

	/**
	 * @param unpacking for layers of images from elsewhere; undefined: there are none
	 * @param patience milliseconds that a server of archives may take to connect, and between two pieces of data
	 */
	constructor(paths: Paths, unpacking?: Unpacking, patience = 60_000) {
		this.#paths = paths;
		this.#unpacking = unpacking;
		this.#patience = patience;
	}

	/** Make the layer; discard remains of an attempt interrupted by the loss of the host or the connection. */
	make(part: LayerPart): Script {
		const { layer, source, update } = part;
		if (update) throw noUpdates();
		const snapshot = this.#paths.layerSnapshot(layer);
		const there = sh`if zfs list -H -o name ${snapshot} >/dev/null 2>&1; then exit 0; fi`;
		if (source.kind === 'commit') return lines(there, this.#commit(layer, source.container));
		const remove = this.unmake(part);
		return sh`${there}
${undoneOnFailure(remove)}
${remove}
${this.#fill(part, source)}
${copyFromHost(part, this.#paths.layer(layer))}
zfs snapshot ${snapshot}
${forgetDownload(this.#paths.download(layer))}
trap - EXIT`;
	}

	/** Data of a layout is on the machine of the daemon. */
	perform(verb: 'make' | 'unmake', part: LayerPart): ((options: ApplyOptions) => Promise<void>) | undefined {
		const unpacking = this.#unpacking;
		if (verb === 'unmake' || part.source.kind !== 'blob' || !unpacking) return undefined;
		const blob: BlobPart = { ...part, source: part.source };
		const undo = this.unmake(part);
		return (options) => unpacking.make(blob, { begin: this.#begin(blob, undo), undo }, options);
	}

	#begin({ layer, below: [below] }: LayerPart, undo: Script): Script {
		const dataset = this.#paths.layerDataset(layer);
		return sh`if zfs list -H -o name ${this.#paths.layerSnapshot(layer)} >/dev/null 2>&1; then echo there; exit 0; fi
${undoneOnFailure(undo)}
${undo}
${
	below === undefined
		? sh`zfs create -o ${this.#paths.mark} ${dataset}`
		: sh`zfs clone -o ${this.#paths.mark} ${this.#paths.layerSnapshot(below)} ${dataset}`
}
${requireMounted(dataset)}
trap - EXIT`;
	}

	/** The layer takes the place of the container's dataset in its line of clones, and the container is a clone of it. */
	#commit(layer: string, container: string): Script {
		const changes = `${this.#paths.containerDataset(container)}@layer`;
		const dataset = this.#paths.layerDataset(layer);
		return sh`zfs list -H -o name ${changes} >/dev/null 2>&1 || zfs snapshot ${changes}
zfs list -H -o name ${dataset} >/dev/null 2>&1 || zfs clone -o ${this.#paths.mark} ${changes} ${dataset}
zfs promote ${dataset}`;
	}

	/** The opposite, wherever it was cut short. */
	#takeBack(layer: string, container: string): Script {
		const dataset = this.#paths.containerDataset(container);
		return sh`if [ "$(zfs get -H -o value origin ${dataset} 2>/dev/null)" = ${this.#paths.layerSnapshot(layer)} ]; then
	zfs promote ${dataset}
fi
if zfs list -H -o name ${this.#paths.layerDataset(layer)} >/dev/null 2>&1; then
${destroyDataset(this.#paths.layerDataset(layer))}
fi
${destroySnapshot(`${dataset}@layer`)}`;
	}

	/** With the snapshot of its source, which a clone is taken from and a copy only needs while it is made. */
	unmake({ layer, source }: LayerPart, { lost }: ApplyOptions = {}): Script {
		const dataset = this.#paths.layerDataset(layer);
		const one = { kind: 'layer', id: layer } as const;
		if (lost === 'discard') return discardLost(this.#paths, one);
		if (lost === 'keep') return keepLost(this.#paths, one, { dataset, mountPoint: this.#paths.layer(layer) });
		if (source.kind === 'commit') return this.#takeBack(layer, source.container);
		return sh`if origin=$(zfs get -H -o value origin ${dataset} 2>/dev/null); then
${unmountBelow(this.#paths.layer(layer))}
${destroyDataset(dataset)}
	case $origin in
	*${`@${layer}`}) zfs destroy "$origin" ;;
	esac
fi
${source.kind === 'dataset' ? destroySnapshot(sourceSnapshot(layer, source.dataset)) : sh`:`}
${forgetDownload(this.#paths.download(layer))}`;
	}

	describe(verb: 'make' | 'unmake', part: LayerPart): string[] {
		const { layer, source, dns, localtime } = part;
		const dataset = this.#paths.layerDataset(layer);
		if (verb === 'unmake') return [`zfs destroy -r ${dataset}`];
		const place = this.#paths.layer(layer);
		return [
			...this.#describeSource(part),
			...(dns ? [`cp /etc/resolv.conf ${place}/etc/resolv.conf`] : []),
			...(localtime ? [`cp /etc/localtime ${place}/etc/localtime`] : []),
			...(source.kind === 'commit' ? [] : [`zfs snapshot ${this.#paths.layerSnapshot(layer)}`]),
		];
	}

	#describeSource({ layer, below: [below], source }: LayerPart): string[] {
		const dataset = this.#paths.layerDataset(layer);
		switch (source.kind) {
			case 'distribution':
			case 'archive': {
				const url = source.kind === 'archive' ? source.url : 'https://download.freebsd.org/releases/.../base.txz';
				return [`zfs create ${dataset}`, `fetch -o - ${url} | tar -xpf - -C ${this.#paths.layer(layer)}`];
			}
			case 'dataset': {
				const snapshot = sourceSnapshot(layer, source.dataset);
				if (source.method === 'clone') return [`zfs snapshot ${snapshot}`, `zfs clone ${snapshot} ${dataset}`];
				return [`zfs snapshot ${snapshot}`, `zfs send ${snapshot} | zfs receive ${dataset}`, `zfs destroy ${snapshot}`];
			}
			case 'empty':
				return [`zfs create ${dataset}`];
			case 'blob': {
				const begun = below === undefined ? 'zfs create' : `zfs clone ${this.#paths.layerSnapshot(below)}`;
				return [`${begun} ${dataset}`, `tar -xpUf - -C ${this.#paths.layer(layer)}`];
			}
			case 'commit': {
				const changes = `${this.#paths.containerDataset(source.container)}@layer`;
				return [`zfs snapshot ${changes}`, `zfs clone ${changes} ${dataset}`, `zfs promote ${dataset}`];
			}
		}
	}

	#fill({ layer }: LayerPart, source: Exclude<LayerSource, { kind: 'commit' }>): Script {
		const dataset = this.#paths.layerDataset(layer);
		if (source.kind === 'dataset') return this.#fillFromDataset(layer, source);
		const created = lines(sh`zfs create -o ${this.#paths.mark} ${dataset}`, requireMounted(dataset));
		const place = this.#paths.layer(layer);
		const download = { file: this.#paths.download(layer), patience: this.#patience };
		switch (source.kind) {
			case 'empty':
				return created;
			case 'blob':
				throw new TypeError('a layer of an image from elsewhere is performed by the daemon');
			case 'archive':
				return lines(created, unpackArchive(source.url, download, place));
			case 'distribution':
				return lines(created, unpackDistribution(download, place));
		}
	}

	#fillFromDataset(layer: string, source: Extract<LayerSource, { kind: 'dataset' }>): Script {
		const dataset = this.#paths.layerDataset(layer);
		const snapshot = sourceSnapshot(layer, source.dataset);
		const taken = sh`${requireDataset(source.dataset)}
zfs snapshot ${snapshot}`;
		if (source.method === 'clone')
			return lines(taken, sh`zfs clone -o ${this.#paths.mark} ${snapshot} ${dataset}`, requireMounted(dataset));
		// What reads the stream notices when it is cut short; nobody asks how zfs send ended.
		return lines(
			taken,
			sh`zfs send ${snapshot} | zfs receive ${dataset}
zfs set ${this.#paths.mark} ${dataset}
zfs destroy ${`${dataset}@${layer}`}
zfs destroy ${snapshot}`,
			requireMounted(dataset),
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

/** Named after the layer, so that it is known for ours. */
function sourceSnapshot(layer: string, dataset: string): string {
	if (isDataset(dataset)) return `${dataset}@${layer}`;
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
function copyFromHost({ dns, localtime }: LayerPart, place: string): Script {
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
