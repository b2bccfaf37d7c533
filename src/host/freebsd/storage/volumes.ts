/** Volumes: datasets beside those of containers, and what becomes of them when a container is to mount them. */

import type { ApplyOptions } from '#host/driver.ts';
import type { PartOf } from '#model/part.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import { IN_ROOT } from './inroot.ts';
import { discardLost, keepLost } from './lost.ts';
import { requireSource } from './nullfs.ts';

type VolumeFiles = PartOf<'volume-files'>;
type MountPoint = PartOf<'mount-point'>;

/** Property of a volume that says for which container it was filled, and whether that came to its end. */
const NOTE = 'kleene:filling';

/**
 * `is_there DATASET`; `mounted DATASET`: where its files are, mounted if it was not; `empty DIRECTORY`: as a new one,
 * flags such as `schg` (which base systems have) notwithstanding; `note DATASET`.
 */
const FUNCTIONS: Script = sh`is_there() {
	zfs list -H -o name "$1" >/dev/null 2>&1
}
mounted() {
	[ "$(zfs get -H -o value mounted "$1")" = yes ] || zfs mount "$1" || return 1
	zfs get -H -o value mountpoint "$1"
}
empty() {
	chflags -R 0 "$1"
	find "$1" -mindepth 1 -maxdepth 1 ! -name .zfs -exec rm -rf {} +
	chown 0:0 "$1"
	chmod 755 "$1"
}
note() {
	zfs get -H -o value ${NOTE} "$1"
}`;

export class FreebsdVolumes {
	readonly files: PartHandler<'volume-files'> = {
		make: (part) => this.#makeFiles(part),
		unmake: (part, options) => this.#removeFiles(part, options),
		describe: (verb, { volume }) => [`zfs ${verb === 'make' ? 'create' : 'destroy -r'} ${this.#dataset(volume)}`],
	};

	readonly mountPoints: PartHandler<'mount-point'> = {
		require: ({ mount }) => (mount.type === 'nullfs' ? requireSource(mount) : undefined),
		make: (part) => (part.mount.type === 'nullfs' ? this.#makePlace(part) : this.#makeFilled(part)),
		unmake: (part) => this.#takeBack(part),
		describe: (verb, part) => this.#describeMountPoint(verb, part),
	};

	readonly #paths: Paths;

	constructor(paths: Paths) {
		this.#paths = paths;
	}

	#dataset(volume: string): string {
		return this.#paths.volumeDataset(volume);
	}

	#makeFiles({ volume }: VolumeFiles): Script {
		const dataset = this.#dataset(volume);
		return lines(FUNCTIONS, sh`is_there ${dataset} || zfs create -p ${dataset}`, sh`mounted ${dataset} >/dev/null`);
	}

	/** Snapshots that an administrator took of it go too. What a container has mounted is busy, and stays. */
	#removeFiles({ volume }: VolumeFiles, { lost }: ApplyOptions): Script {
		const dataset = this.#dataset(volume);
		const one = { kind: 'volume', id: volume } as const;
		if (lost === 'discard') return discardLost(this.#paths, one);
		if (lost === 'keep') return keepLost(this.#paths, one, { dataset, mountPoint: this.#paths.volume(volume) });
		return lines(FUNCTIONS, sh`if is_there ${dataset}; then zfs destroy -r ${dataset}; fi`);
	}

	/** The place of a directory is a directory, that of a file an empty file. */
	#makePlace({ container, mount: { source, destination } }: MountPoint): Script {
		return lines(
			requireSource({ source, destination }),
			FUNCTIONS,
			IN_ROOT,
			this.#findPlace(container, destination),
			sh`if [ -d ${source} ]; then
	mkdir -p "$place"
else
	mkdir -p "\${place%/*}"
	[ -e "$place" ] || : >"$place"
fi`,
		);
	}

	/** Owner, mode and times of the directory itself come along: it is the entry `./` of the archive. */
	#makeFilled({ container, mount, fill }: MountPoint): Script {
		const place = lines(FUNCTIONS, IN_ROOT, this.#findPlace(container, mount.destination));
		if (!fill) return lines(place, sh`mkdir -p "$place"`);
		const dataset = this.#dataset(mount.source);
		return lines(
			place,
			sh`if ! [ -d "$place" ]; then
	mkdir -p "$place"
	exit 0
fi
files=$(mounted ${dataset})
case $(note ${dataset}) in
${`filled ${container}`}) exit 0 ;;
${`filling ${container}`}) empty "$files" ;;
esac
[ -z "$(ls -A "$files" | grep -vx '\\.zfs' || :)" ] || exit 0
zfs set ${`${NOTE}=filling ${container}`} ${dataset}
failed=$({ { tar -cf - -C "$place" . || echo yes >&3; } | tar -xpf - --numeric-owner -C "$files" || echo yes >&3; } 3>&1)
if [ -n "$failed" ]; then
	empty "$files"
	zfs inherit ${NOTE} ${dataset}
	echo ${`cannot copy ${mount.destination} of the image into volume ${mount.source}`} >&2
	exit 1
fi
zfs set ${`${NOTE}=filled ${container}`} ${dataset}`,
		);
	}

	/** After a container was not created after all. */
	#takeBack({ container, mount }: MountPoint): Script {
		if (mount.type === 'nullfs') return sh`:`;
		const dataset = this.#dataset(mount.source);
		return lines(
			FUNCTIONS,
			sh`is_there ${dataset} || exit 0
case $(note ${dataset}) in
${`filled ${container}`} | ${`filling ${container}`})
	files=$(mounted ${dataset})
	empty "$files"
	zfs inherit ${NOTE} ${dataset}
	;;
esac`,
		);
	}

	#findPlace(container: string, destination: string): Script {
		return sh`umask 022
root=$(mounted ${`${this.#paths.containers()}/${container}`})
place=$(in_root "$root" ${destination})`;
	}

	#describeMountPoint(verb: 'make' | 'unmake', { container, mount, fill }: MountPoint): string[] {
		const files = `/${this.#dataset(mount.source)}`;
		const place = `/${this.#paths.containers()}/${container}${mount.destination}`;
		if (verb === 'unmake') return mount.type === 'volume' && fill ? [`rm -rf ${files}/*`] : [];
		const copy = mount.type === 'volume' && fill ? [`tar -cf - -C ${place} . | tar -xpf - -C ${files}`] : [];
		return [`mkdir -p ${place}`, ...copy];
	}
}
