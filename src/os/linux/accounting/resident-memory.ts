/** Gives memory of this process back that it does not need while it is idle. */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { declare } from '../libc.ts';

const madvise = declare<(address: number, bytes: number, advice: number) => number>(
	'int madvise(uintptr_t addr, size_t length, int advice)',
);

/** Source: asm-generic/mman-common.h. */
const MADV_DONTNEED = 4;
/** A mapping of a file that this process can read or run, and cannot write to, in smaps of proc(5). */
const OF_FILE = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ [1-9]\d*\s/;

interface Mapping {
	readonly address: number;
	readonly bytes: number;
}

/** Heap above which garbage is collected: a daemon with few containers has 25 MB. Bytes. */
const MUCH_HEAP = 40 * 1024 * 1024;

export function giveBackMemory(): void {
	if (process.memoryUsage().heapTotal > MUCH_HEAP) collectGarbage();
	if (process.platform === 'linux') unmapProgramFiles();
}

/**
 * Collects garbage as V8 does when memory is short: it also drops compiled code that was not used lately, and moves what is left
 * together. Takes 50 to 150 ms, in which nothing else runs.
 */
function collectGarbage(): void {
	// Compiled code is kept by the flags that it was compiled with, so they are as before at once.
	setFlagsFromString('--expose-gc');
	const gc = runInNewContext('gc') as typeof globalThis.gc;
	setFlagsFromString('--no-expose-gc');
	gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/**
 * Unmaps pages of programs that the process needed once, e.g. to start. They stay in the page cache of the system, from where those
 * that are used again come back without a read: half of the memory of an idle daemon is such pages of Node.
 */
function unmapProgramFiles(): void {
	for (const { address, bytes } of cleanFileMappings(readFileSync('/proc/self/smaps', 'utf8')))
		madvise(address, bytes, MADV_DONTNEED);
}

/** Never one with pages of its own, e.g. relocated by the dynamic linker: these would be lost. @param smaps see proc(5) */
export function cleanFileMappings(smaps: string): Mapping[] {
	return smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).flatMap((text) => {
		const [, from, to] = OF_FILE.exec(text) ?? [];
		if (from === undefined || to === undefined) return [];
		const isClean = ['Private_Dirty', 'Anonymous', 'Locked'].every((name) =>
			new RegExp(`^${name}:\\s+0 kB$`, 'm').test(text),
		);
		const address = Number.parseInt(from, 16);
		return isClean ? [{ address, bytes: Number.parseInt(to, 16) - address }] : [];
	});
}
