/** The writable files of containers: ZFS clones of layers. */

import type { ApplyOptions } from '#host/driver.ts';
import type { LostFiles } from '#model/host/observed.ts';
import { isId } from '#model/ids.ts';
import type { PartOf } from '#model/part.ts';
import { isVolumeName } from '#model/volume.ts';
import { parseMounts } from '#os/freebsd/mount.ts';
import { parseDatasets } from '#os/freebsd/zfs.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { isTold } from '../known.ts';
import { MADE_BY, type Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import { StateDirectory } from '../sandbox/run-directory.ts';
import type { Section } from '../section.ts';
import { discardLost, keepLost, lostAmong } from './lost.ts';
import { destroyDataset, unmountBelow } from './mounts.ts';

/** Of what is listed; see zfs(8). */
const COLUMNS = `name,mountpoint,mounted,${MADE_BY}`;

type RootFiles = PartOf<'root-files'>;
type RootMount = PartOf<'root-mount'>;

export interface ObservedStorage {
	/** Layers and containers that have datasets, complete or left over from a step that was interrupted. */
	readonly layerFiles: readonly string[];
	readonly rootFiles: readonly string[];
	readonly volumeFiles: readonly string[];
	readonly lostFiles: readonly LostFiles[];
	/** Containers below whose root something is mounted: ZFS keeps the root itself mounted, also while they don't run. */
	readonly mountedRoots: readonly string[];
}

export class FreebsdStorage {
	readonly rootFiles: PartHandler<'root-files'> = {
		make: (part) => this.#makeFiles(part),
		unmake: (part, options) => this.#unmakeFiles(part, options),
		describe: (verb, part) => this.#describeFiles(verb, part),
	};

	readonly rootMount: PartHandler<'root-mount'> = {
		make: (part) => this.#mount(part),
		unmake: (part) => this.#clear(part),
		describe: (verb, { container }) =>
			verb === 'make' ? [`zfs mount ${this.#paths.containerDataset(container)}`] : [],
	};

	readonly observation: Section<ObservedStorage>;

	readonly #paths: Paths;

	constructor(paths: Paths) {
		this.#paths = paths;
		this.observation = {
			script: sh`mount --libxo json
echo
zfs list -Hp -o ${COLUMNS} -d 1 -r -t filesystem ${[paths.layers(), paths.containers(), paths.volumes()]}
zfs list -Hp -o ${COLUMNS} -d 1 -r -t filesystem ${paths.lost()} 2>/dev/null || :`,
			parse: (output) => this.#parse(output),
		};
	}

	#makeFiles({ container, layers }: RootFiles): Script {
		const dataset = this.#paths.containerDataset(container);
		const snapshot = this.#paths.layerSnapshot(layers[0] ?? '');
		const other = refusal({
			code: 'HOST_FAILED',
			what: `cannot make the files of container ${container}`,
			why: sh`${`the dataset ${dataset} already exists, made of `}"$origin"`,
			hint: `check its content; if it is not needed: zfs destroy -r ${dataset}`,
		});
		return sh`if ! words=$(zfs clone -o ${this.#paths.mark} ${snapshot} ${dataset} 2>&1); then
	if origin=$(zfs get -H -o value origin ${dataset} 2>/dev/null); then
		[ "$origin" = ${snapshot} ] || ${other}
	else
		printf '%s\\n' "$words" >&2
		exit 1
	fi
fi`;
	}

	#unmakeFiles(part: RootFiles, { lost }: ApplyOptions): Script {
		const { container } = part;
		const one = { kind: 'container', id: container } as const;
		if (lost === 'discard')
			return sh`${discardLost(this.#paths, one)}
rm -rf ${this.#paths.log(container)}`;
		if (lost === undefined) return this.#removeFiles(part);
		const mountPoint = this.#paths.containerRoot(container);
		return keepLost(this.#paths, one, { dataset: this.#paths.containerDataset(container), mountPoint });
	}

	#removeFiles({ container }: RootFiles): Script {
		const end = new StateDirectory(this.#paths.state()).end(container);
		const log = this.#paths.log(container);
		const dataset = this.#paths.containerDataset(container);
		const alive = refusal({
			code: 'CONTAINER_RUNNING',
			what: `cannot remove the files of container ${container}`,
			why: 'its jail is still there',
			hint: `stop the container, or remove the jail with: jail -r ${container}`,
		});
		return sh`if jls -j ${container} jid >/dev/null 2>&1; then ${alive}; fi
${unmountBelow(this.#paths.containerRoot(container))}
${destroyDataset(dataset)}
# Limits that the administrator gave the container by its name hold over a restart, and end with it.
rctl -r jail:${container} >/dev/null 2>&1 || :
if [ -e ${end} ] || [ -e ${log} ]; then rm -rf ${end} ${log}; fi`;
	}

	#mount({ container }: RootMount): Script {
		const dataset = this.#paths.containerDataset(container);
		const root = this.#paths.containerRoot(container);
		const elsewhere = refusal({
			code: 'HOST_FAILED',
			what: `cannot mount the root file system of container ${container}`,
			why: sh`${`${dataset} is to be mounted at ${root}, and has another mount point: `}"$point"`,
			hint: `inherit that of its parent: zfs inherit mountpoint ${dataset}`,
		});
		return sh`kleene_mounts=$(mount)
case ${'\n'}$kleene_mounts in
*${`\n${dataset} on ${root} (`}*) ;;
*)
	kleene_mounts=
	point=$(zfs get -H -o value mountpoint ${dataset})
	[ "$point" = ${root} ] || ${elsewhere}
	[ "$(zfs get -H -o value mounted ${dataset})" = yes ] || zfs mount ${dataset}
	;;
esac`;
	}

	/** The root stays mounted, for backups and for who looks; what the container had mounted below it goes. */
	#clear({ container }: RootMount): Script {
		return sh`if ! ${isTold('gone', container)} && ! jls -j ${container} jid >/dev/null 2>&1; then
${unmountBelow(this.#paths.containerRoot(container))}
fi`;
	}

	#describeFiles(verb: 'make' | 'unmake', { container, layers }: RootFiles): string[] {
		const dataset = this.#paths.containerDataset(container);
		if (verb === 'unmake') return [`zfs destroy -r ${dataset}`];
		return [`zfs clone ${this.#paths.layerSnapshot(layers[0] ?? '')} ${dataset}`];
	}

	#parse(output: string): ObservedStorage {
		// The answer of mount is one line, and what comes after it is from zfs.
		const end = output.indexOf('\n');
		const all = parseDatasets(output.slice(end + 1));
		const datasets = all.filter(({ property }) => property === this.#paths.store).map(({ name }) => name);
		const names = all.map(({ name }) => name);
		const roots = `${this.#paths.containerRoot('')}`;
		const below = parseMounts(output.slice(0, end))
			.filter(({ target }) => target.startsWith(roots))
			.map(({ target }) => target.slice(roots.length).split('/'))
			.filter(([, ...rest]) => rest.length > 0)
			.map(([id = '']) => id);
		return {
			layerFiles: childrenOf(this.#paths.layers(), datasets).filter(isId),
			rootFiles: childrenOf(this.#paths.containers(), datasets).filter(isId),
			// Volumes bear no mark.
			volumeFiles: childrenOf(this.#paths.volumes(), names).filter(isVolumeName),
			lostFiles: lostAmong(this.#paths, names),
			mountedRoots: [...new Set(below)].filter(isId),
		};
	}
}

function childrenOf(parent: string, datasets: readonly string[]): string[] {
	return datasets.filter((name) => name.startsWith(`${parent}/`)).map((name) => name.slice(parent.length + 1));
}
