import { createHash } from 'node:crypto';
import { KleeneError } from '#errors/kleene-error.ts';
import type { LostFiles } from '#model/host/observed.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import { refusal } from './refusals.ts';
import type { Section } from './section.ts';
import { takeOverImages } from './storage/images-before.ts';

/** zfsprops(7), less the blank: paths of these characters alone can be found in the output of mount(8). */
const DATASET = /^[a-zA-Z][a-zA-Z0-9_.:-]*(\/[a-zA-Z0-9_.:-]+)*$/;
const MOUNT_POINT = /^(\/[a-zA-Z0-9_.:-]+)+$/;
/** User properties of zfsprops(7): whose the root is, and who made a layer or a container. */
const STORE = 'kleene:store';
export const MADE_BY = 'kleene:made';
/** On every host, for what is gone after a reboot: one directory below it for each daemon. */
export const RUN_DIRECTORY = '/var/run/kleene';
/** Room for what is made below: `/container/<id>@layer`. */
const LONGEST = 200;

/** The name of a dataset as zfs(8) writes it, e.g. `zroot/jails/base`. */
export function isDataset(text: string): boolean {
	return DATASET.test(text) && text.length <= LONGEST && !text.split('/').some((name) => /^\.{1,2}$/.test(name));
}

/**
 * @param text of `--zfs-root`, e.g. `zroot/kleene`
 * @throws KleeneError CONFIG_INVALID
 */
export function parseZfsRoot(text: string): string {
	if (isDataset(text)) return text;
	throw new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot keep containers below the dataset '${text.slice(0, 80)}'`,
		why: 'it is not the name of a ZFS dataset',
		hint: 'name one without a leading "/", e.g. --zfs-root zroot/kleene',
	});
}

/**
 * Paths: datasets below the ZFS root, their mount points, and files lost at a reboot. Ids are parsed
 * before they come here (12 hex digits), and so are the names of volumes.
 */
export class Paths {
	readonly zfsRoot: string;
	/** Mount point of the root dataset, e.g. `/zroot/kleene`; those below it inherit theirs. */
	readonly mountPoint: string;
	/** Identity of the daemon's store. */
	readonly store: string;
	/** State shared by all daemons, lost at a reboot. */
	readonly runDirectory: string;

	constructor(zfsRoot: string, mountPoint = `/${zfsRoot}`, store = '0', runDirectory = RUN_DIRECTORY) {
		this.zfsRoot = zfsRoot;
		this.mountPoint = mountPoint;
		this.store = store;
		this.runDirectory = runDirectory;
	}

	/** Of datasets that this daemon made: what others have below the same root is none of its business. */
	get mark(): string {
		return `${MADE_BY}=${this.store}`;
	}

	layers(): string {
		return `${this.zfsRoot}/layer`;
	}

	layerDataset(id: string): string {
		return `${this.layers()}/${id}`;
	}

	/** There when the layer is complete; containers and the layers above are its clones. */
	layerSnapshot(id: string): string {
		return `${this.layerDataset(id)}@layer`;
	}

	layer(id: string): string {
		return `${this.mountPoint}/layer/${id}`;
	}

	/** An archive on its way into a layer; names beside it begin with this one. */
	download(id: string): string {
		return `${this.mountPoint}/layer/.download-${id}`;
	}

	containers(): string {
		return `${this.zfsRoot}/container`;
	}

	containerDataset(id: string): string {
		return `${this.containers()}/${id}`;
	}

	/** Root directory of a container's files, and of its jail. */
	containerRoot(id: string): string {
		return `${this.mountPoint}/container/${id}`;
	}

	/** Directory of a context of a build. */
	buildContext(id: string): string {
		return `${this.mountPoint}/build/${id}`;
	}

	/** Dataset that caches of RUN are below, made with the first of them. */
	buildCaches(): string {
		return `${this.zfsRoot}/cache`;
	}

	buildCacheDataset(name: string): string {
		return `${this.buildCaches()}/${name}`;
	}

	/** Copy of what a RUN may change in number `index` of its mounts. */
	runChanges(container: string, index: number): string {
		return `${this.mountPoint}/build/changes-${container}-${index}`;
	}

	/** For files on their way into a container that is built. */
	copying(container: string): string {
		return `${this.mountPoint}/build/copy-${container}`;
	}

	/** Directory of what a container wrote. */
	log(container: string): string {
		return `${this.mountPoint}/log/${container}`;
	}

	volumes(): string {
		return `${this.zfsRoot}/volumes`;
	}

	volumeDataset(name: string): string {
		return `${this.volumes()}/${name}`;
	}

	volume(name: string): string {
		return `${this.mountPoint}/volumes/${name}`;
	}

	/** Files that nobody knows any more. */
	lost(): string {
		return `${this.zfsRoot}/lost`;
	}

	lostDataset({ kind, id }: LostFiles): string {
		return `${this.lost()}/${kind}-${id}`;
	}

	/** Gone after a reboot, as the jails are. Another daemon with another root on this host has another one. */
	state(): string {
		return `${this.runDirectory}/${createHash('sha256').update(this.zfsRoot).digest('hex').slice(0, 8)}`;
	}

	/** Of the first process of a container. */
	run(container: string): string {
		return `${this.state()}/run/${container}`;
	}

	/** What the mounts of a RUN of a build need. Not below the directory of contexts, which is emptied when a daemon starts. */
	runMounts(container: string): string {
		return `${this.state()}/mounts/${container}`;
	}

	/** Number of the jail whose start hooks were run. */
	hooked(container: string): string {
		return `${this.state()}/hooked-${container}`;
	}
}

/**
 * Makes what is missing of the datasets that everything lies below, and finds out where they are mounted. They are one
 * daemon's: another one, with another store, would take its containers for left-overs.
 *
 * @param store identity of the daemon's store
 */
export function prepare(zfsRoot: string, store: string, runDirectory = RUN_DIRECTORY): Section<Paths> {
	const parse = (output: string) => new Paths(zfsRoot, parseMountPoint(zfsRoot, output), store, runDirectory);
	return { script: prepareScript(new Paths(zfsRoot, undefined, store, runDirectory)), parse };
}

function prepareScript(paths: Paths): Script {
	const { zfsRoot, store } = paths;
	const notOurs = refusal({
		code: 'CONFIG_INVALID',
		what: `cannot keep containers below the dataset ${zfsRoot}`,
		why: 'another kleened, with another --root, uses it',
		hint: `choose another --zfs-root; if that kleened is gone for good: zfs inherit ${STORE} ${zfsRoot}`,
	});
	const pool = zfsRoot.split('/')[0] ?? '';
	const noPool = refusal({
		code: 'CONFIG_INVALID',
		what: `cannot keep containers below the dataset ${zfsRoot}`,
		why: sh`${`the host has no pool ${pool}: `}"$(zfs list ${pool} 2>&1 | head -1)"`,
		hint: 'name a dataset of a pool of "zpool list" with --zfs-root, or make the pool; ZFS itself is loaded with "kldload zfs"',
	});
	const notMounted = refusal({
		code: 'CONFIG_INVALID',
		what: `cannot keep containers below the dataset ${zfsRoot}`,
		why: sh`${`${zfsRoot} and its children are not mounted one below the other: `}"$1 is at $2"`,
		hint: `let them inherit their mount point: zfs inherit -r mountpoint ${zfsRoot}`,
	});
	return sh`zfs list -H -o name ${pool} >/dev/null 2>&1 || ${noPool}
for dataset in ${[zfsRoot, paths.layers(), paths.containers(), paths.volumes()]}; do
	zfs list -H -o name "$dataset" >/dev/null 2>&1 || zfs create -p "$dataset"
	[ "$(zfs get -H -o value mounted "$dataset")" = yes ] || zfs mount "$dataset"
done
case $(zfs get -H -o value ${STORE} ${zfsRoot}) in
-) zfs set ${`${STORE}=${store}`} ${zfsRoot} ;;
${store}) ;;
*) ${notOurs} ;;
esac
root=$(zfs get -H -o value mountpoint ${zfsRoot})
at() {
	case $2 in /*) ;; *) ${notMounted};; esac
	[ "$2" = "$3" ] || ${notMounted}
}
at ${zfsRoot} "$root" "$root"
for name in layer container volumes; do
	at ${zfsRoot}"/$name" "$(zfs get -H -o value mountpoint ${zfsRoot}"/$name")" "$root/$name"
done
# What is setuid in a layer or a container must not be within reach of the host's users.
mkdir -p "$root/log"
chmod 700 "$root/layer" "$root/container" "$root/log"
rm -rf "$root/build"
mkdir "$root/build"
chmod 700 "$root/build"
${takeOverImages(paths)}
mkdir -p ${['run', 'exec', 'batch'].map((name) => `${paths.state()}/${name}`)}
chmod 700 ${paths.state()}
printf '%s\\n' "$root"`;
}

function parseMountPoint(zfsRoot: string, output: string): string {
	const point = output.trim();
	if (MOUNT_POINT.test(point)) return point;
	throw new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot keep containers below the dataset ${zfsRoot}`,
		why: `its mount point '${point.slice(0, 80)}' has other characters than letters, digits and "_.:-"`,
		hint: `give it another one: zfs set mountpoint=/kleene ${zfsRoot}`,
	});
}
