/** `RUN --mount`: nullfs and tmpfs mounts in the root of a container whose processes are not there yet, and not any more. */
import type { NumericOwner, RunMount } from '#model/build/run-mounts.ts';
import type { RunMountsPart } from '#model/parts/files.ts';
import { lines, Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import { undoneOnFailure } from '../sandbox/stacks.ts';
import { unmountBelow } from '../storage/mounts.ts';
import { type FreebsdBuilds, originRoot } from './contexts.ts';
import { LOOK_FOR_FILES } from './matching.ts';
import { PLACE_FUNCTIONS, removePlaces } from './mount-places.ts';

type Source<K extends RunMount['source']['kind']> = Extract<RunMount['source'], { readonly kind: K }>;

export class RunMounts implements PartHandler<'run-mounts'> {
	readonly #paths: Paths;
	readonly #builds: FreebsdBuilds;

	constructor(paths: Paths, builds: FreebsdBuilds) {
		this.#paths = paths;
		this.#builds = builds;
	}

	make(part: RunMountsPart): Script {
		const { container, mounts } = part;
		if (mounts.length === 0) return sh`:`;
		return sh`${undoneOnFailure(this.unmake(part))}
umask 077; mkdir -p ${this.#paths.runMounts(container)}; umask 022
root=${this.#paths.containerRoot(container)} made=${this.#listOf(container)}
: >"$made"
${lines(LOOK_FOR_FILES, PLACE_FUNCTIONS, ...mounts.map((mount, index) => this.#mount(part, mount, index)))}
kleene_mounts=
trap - EXIT`;
	}

	/** Nothing of the container runs. */
	unmake({ container, mounts }: RunMountsPart): Script {
		if (mounts.length === 0) return sh`:`;
		const directory = this.#paths.runMounts(container);
		return sh`if [ -d ${directory} ]; then
${unmountBelow(this.#paths.containerRoot(container))}
${removePlaces(this.#paths.containerRoot(container), this.#listOf(container))}
${unmountBelow(directory)}
rm -rf ${directory}
fi
rm -rf ${mounts.map((_, index) => this.#paths.runChanges(container, index))}`;
	}

	describe(verb: 'make' | 'unmake', { container, mounts }: RunMountsPart): string[] {
		const root = this.#paths.containerRoot(container);
		return mounts.map(({ source, destination, readOnly }) => {
			const place = `${root}${destination}`;
			return verb === 'make' ? `mount ${this.#wordsOf(source, readOnly)} ${place}` : `umount ${place}`;
		});
	}

	/** Places in the root that were made. */
	#listOf(container: string): string {
		return `${this.#paths.runMounts(container)}/made`;
	}

	#mount({ container }: RunMountsPart, mount: RunMount, index: number): Script {
		const { source, destination, readOnly } = mount;
		const what = `cannot mount at ${destination}`;
		switch (source.kind) {
			case 'cache':
				return lines(this.#makeCache(source), place(what, destination), show(what, readOnly));
			case 'tmpfs':
				return lines(sh`from=; directory=yes`, place(what, destination), showMemory(what, source));
			case 'secret':
				return lines(this.#makeSecret(container, source, index), place(what, destination), show(what, true));
			case 'bind':
				return lines(this.#find(container, mount, source, index), place(what, destination), show(what, readOnly));
		}
	}

	/** Only the build that makes it says whose it is. */
	#makeCache({ cache, owner }: Source<'cache'>): Script {
		const dataset = this.#paths.buildCacheDataset(cache);
		const parent = this.#paths.buildCaches();
		return sh`if ! zfs list -H -o name ${dataset} >/dev/null 2>&1; then
	zfs list -H -o name ${parent} >/dev/null 2>&1 || { zfs create ${parent}; chmod 700 "$(zfs get -H -o value mountpoint ${parent})"; }
	zfs create ${dataset}
	${own(sh`"$(zfs get -H -o value mountpoint ${dataset})"`, owner)}
fi
from=$(zfs get -H -o value mountpoint ${dataset}) directory=yes
[ "$(zfs get -H -o value mounted ${dataset})" = yes ] || zfs mount ${dataset}`;
	}

	/** In memory alone: its content comes in the script, as octal digits. */
	#makeSecret(container: string, { build, id, owner }: Source<'secret'>, index: number): Script {
		const content = this.#builds.secret(build, id);
		if (content === undefined)
			return refusal({
				code: 'BUILD_FAILED',
				what: `cannot mount secret ${id}`,
				why: 'its build has ended',
				hint: 'build it again',
			});
		const memory = `${this.#paths.runMounts(container)}/${index}`;
		const octal = [...content].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
		return sh`mkdir ${memory}
mount -t tmpfs -o nosuid,mode=0700 tmpfs ${memory}
from=${`${memory}/secret`} directory=
(umask 077; printf %b ${octal} >"$from")
${own(sh`"$from"`, owner)}`;
	}

	/** Looked up inside its origin. What may be changed is a copy, so that the origin stays as it is. */
	#find(container: string, { readOnly }: RunMount, { origin, path }: Source<'bind'>, index: number): Script {
		const root = originRoot(this.#paths, origin);
		const refused = (why: string) =>
			refusal({
				code: 'BUILD_FAILED',
				what: `cannot mount ${path}`,
				why,
				hint: 'check its path, which is relative to the context or the stage, and .dockerignore',
			});
		const copy = this.#paths.runChanges(container, index);
		return sh`find_in_root ${root} ${path} 2>/dev/null && [ -e "$found" ] || ${refused('there is no such file')}
from=$found directory=
if [ -d "$from" ]; then directory=yes; elif [ ! -f "$from" ]; then ${refused('it is neither a directory nor a regular file')}; fi
${
	readOnly
		? sh`:`
		: sh`rm -rf ${copy}; mkdir ${copy}
if [ -n "$directory" ]; then
	tar -cf - -C "$from" . | tar -xpf - --numeric-owner --no-fflags -C ${copy}
	from=${copy}
else
	cp -p "$from" ${`${copy}/file`}
	from=${`${copy}/file`}
fi`
}`;
	}

	#wordsOf(source: RunMount['source'], readOnly: boolean): string {
		const options = readOnly ? ' -o ro' : '';
		switch (source.kind) {
			case 'cache':
				return `-t nullfs${options} /${this.#paths.buildCacheDataset(source.cache)}`;
			case 'bind':
				return `-t nullfs${options} ${originRoot(this.#paths, source.origin)}${source.path}`;
			case 'tmpfs':
				return '-t tmpfs tmpfs';
			case 'secret':
				return `-t nullfs -o ro ${source.id}`;
		}
	}
}

/** Its place in the root, made where it is missing, into `$place`. */
function place(what: string, destination: string): Script {
	const other = refusal({ code: 'BUILD_FAILED', what, why: sh`"$why"`, hint: 'choose another target' });
	return sh`make_place ${destination} || ${other}`;
}

function show(what: string, readOnly: boolean): Script {
	const failed = refusal({
		code: 'HOST_FAILED',
		what,
		why: sh`"$words"`,
		hint: 'see the reason; before FreeBSD 14 nullfs mounts directories only: mount the directory of a file',
	});
	return sh`words=$(mount -t nullfs ${readOnly ? sh`-o ro ` : sh``}"$from" "$place" 2>&1) || ${failed}`;
}

function showMemory(what: string, { size }: Source<'tmpfs'>): Script {
	const failed = refusal({
		code: 'HOST_FAILED',
		what,
		why: sh`"$words"`,
		hint: 'see the reason; the module is loaded with "kldload tmpfs"',
	});
	const bytes = size === undefined ? sh`$(($(sysctl -n hw.physmem) / 2))` : sh`${size}`;
	return sh`words=$(mount -t tmpfs -o nosuid,mode=1777,size=${bytes} tmpfs "$place" 2>&1) || ${failed}`;
}

/** @param file a word of the shell */
function own(file: Script, { uid, gid, mode }: NumericOwner): Script {
	return sh`chown ${`${uid}:${gid}`} ${file}; chmod ${new Script(mode.toString(8).padStart(4, '0'))} ${file}`;
}
