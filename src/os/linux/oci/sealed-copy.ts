/** Copies of programs in memory that nobody can change any more. See memfd_create(2), fcntl_sealing(2). */
import { closeSync, readFileSync, statSync, writeSync } from 'node:fs';
import { checked, declare } from '../libc.ts';

const memfdCreate = declare<(name: string, flags: number) => number>(
	'int memfd_create(const char *name, unsigned int flags)',
);
const fcntl = declare<(fd: number, command: number, type: 'int', value: number) => number>(
	'int fcntl(int fd, int command, ...)',
);

const MFD_CLOEXEC_ALLOW_SEALING = 1 | 2;
const F_ADD_SEALS = 1033;
/** Sealing, shrinking, growing, writing. */
const ALL_SEALS = 1 | 2 | 4 | 8;
const ELF = Buffer.from('\x7fELF', 'latin1');

/** Milliseconds from the epoch and the number of the file: another one is another version. */
type Version = string;

/**
 * A program that is started again and again, and that has itself copied first, as runc and crun: a container could
 * otherwise write to it through /proc/self/exe (CVE-2019-5736). From a copy that is sealed they start at once, which spares each
 * start two mounts or 9 MB. Source: runc, libcontainer/nsenter/cloned_binary.c (is_self_cloned).
 */
export class SealedCopy {
	readonly #path: string;
	#version: Version | undefined;
	#fd: number | undefined;

	/** @param path absolute */
	constructor(path: string) {
		this.#path = path;
	}

	/** @returns the path of a copy of what the program is now, for as long as this process lives; its own where there can be none */
	path(): string {
		const version = versionOf(this.#path);
		if (version !== this.#version) {
			this.close();
			this.#fd = copyOf(this.#path);
			this.#version = version;
		}
		return this.#fd === undefined ? this.#path : `/proc/${process.pid}/fd/${this.#fd}`;
	}

	close(): void {
		if (this.#fd !== undefined) closeSync(this.#fd);
		this.#fd = undefined;
		this.#version = undefined;
	}
}

function versionOf(path: string): Version {
	try {
		const { ino, mtimeMs } = statSync(path);
		return `${ino} ${mtimeMs}`;
	} catch {
		return '';
	}
}

/** @returns a descriptor; undefined where the kernel has no such files or the program is a script */
function copyOf(path: string): number | undefined {
	let fd: number | undefined;
	try {
		const content = readFileSync(path);
		if (!content.subarray(0, ELF.length).equals(ELF)) return undefined;
		const copy = checked('memfd_create', () => memfdCreate('runtime', MFD_CLOEXEC_ALLOW_SEALING));
		fd = copy;
		for (let at = 0; at < content.length; ) at += writeSync(copy, content, at);
		checked('fcntl', () => fcntl(copy, F_ADD_SEALS, 'int', ALL_SEALS));
		return copy;
	} catch {
		if (fd !== undefined) closeSync(fd);
		return undefined;
	}
}
