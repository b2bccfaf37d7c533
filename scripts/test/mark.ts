/**
 * What tells the things of one test run from those of everybody else on the machine: a folder for all files of the
 * run, whose name is also in the names of its network namespaces. Nobody else's things are looked at.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { removeNamespace } from '../../test/testbed/network-namespace.ts';
import { mounts, processesOf, type RunningProcess } from '../../test/testbed/snapshot.ts';
import { passed } from './phase.ts';

const NAMESPACES = '/run/netns';

/** Files named at most, of those that were left behind. */
const MOST_SHOWN = 40;

export class Mark {
	readonly folder: string;

	constructor(parent = '/tmp') {
		// Short, because socket paths end at 107 bytes.
		this.folder = mkdtempSync(`${parent}/t-`);
		// As /tmp is: apt, which tests may start, goes there as a user of its own.
		chmodSync(this.folder, 0o1777);
	}

	/** For the tests: all that asks for a temporary directory gets one of this run. */
	get environment(): NodeJS.ProcessEnv {
		return { TMPDIR: this.folder };
	}

	/** Removes everything of the run. @returns what there was, although each test cleans up after itself */
	async remove(): Promise<string[]> {
		const processes = [...processesOf(this.folder), ...this.#heirs()];
		for (const { pid } of processes) kill(pid);
		const mounted = mounts().filter((line) => line.includes(this.folder));
		const points = mounted.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${this.folder}/`));
		for (const point of points.toReversed()) await passed('umount', ['--lazy', point]);
		const namespaces = this.#namespaces();
		for (const name of namespaces) await removeNamespace(name);
		// With what is in them: that tells which test it was.
		const files = readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).slice(0, MOST_SHOWN);
		// Never through a mount that is there still.
		if (!mounts().some((line) => line.includes(`${this.folder}/`))) rmSync(this.folder, { recursive: true });
		return [
			...processes.map(({ pid, command }) => `process: ${pid} ${command}`),
			...mounted.map((line) => `mount: ${line}`),
			...namespaces.map((name) => `network namespace: ${name}`),
			...files.map((name) => `file: ${this.folder}/${name}`),
		];
	}

	/** Processes that have the environment of a test from whoever started them. */
	#heirs(): RunningProcess[] {
		return readdirSync('/proc')
			.filter((name) => /^\d+$/.test(name))
			.flatMap((pid) => {
				try {
					if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${this.folder}`)) return [];
					return [{ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
				} catch {
					// It ended while we looked.
					return [];
				}
			});
	}

	#namespaces(): string[] {
		try {
			return readdirSync(NAMESPACES).filter((name) => name.includes(basename(this.folder)));
		} catch {
			// Nobody has any.
			return [];
		}
	}
}

function kill(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// It ended meanwhile.
	}
}
