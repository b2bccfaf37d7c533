import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import { hasCode } from '#os/errno.ts';
import { makeNullDevice } from '#os/linux/files/null-device.ts';
import { identify, type ProcessIdentity } from '#os/linux/process.ts';

export interface SandboxProcesses {
	/** The init of the container. */
	readonly first: ProcessIdentity;
	/** Its conmon. */
	readonly monitor: ProcessIdentity;
}

/** Of files that somebody else removes at the same time. */
const MOST_REMOVALS = 20;

/** The files of one sandbox, besides those that conmon makes (`attach`, `ctl`, `winsz`, `pid`, `conmon.pid`). */
export class Bundle {
	readonly directory: string;

	constructor(directory: string) {
		this.directory = directory;
	}

	/** Path of the status file that the init writes. */
	get status(): string {
		return join(this.directory, 'status');
	}

	/** Written to from inside when the commands before the first process are done. */
	get started(): string {
		return join(this.directory, 'started');
	}

	/** Directory that becomes the /dev of a sandbox without devices. The runtime leaves what is bound there as it is. */
	get dev(): string {
		return join(this.directory, 'dev');
	}

	get attach(): string {
		return join(this.directory, 'attach');
	}

	/** conmon's pipe for window sizes. */
	get control(): string {
		return join(this.directory, 'ctl');
	}

	exists(): boolean {
		return existsSync(this.directory);
	}

	/** @param configure called when the files are there that a container sees */
	async write(part: SandboxPart, configure: () => Promise<object>): Promise<void> {
		mkdirSync(this.directory, { recursive: true, mode: 0o700 });
		for (const file of [this.status, this.started]) writeFileSync(file, '', { mode: 0o600 });
		if (part.spec.noDevices) this.#writeDev();
		const config = await configure();
		writeFileSync(join(this.directory, 'part.json'), JSON.stringify(part));
		writeFileSync(join(this.directory, 'config.json'), JSON.stringify(config));
	}

	/** Terminals, and the one device without which a runtime starts nothing. */
	#writeDev(): void {
		mkdirSync(join(this.dev, 'pts'), { recursive: true, mode: 0o755 });
		// Neither the umask nor the mode of the directory above is for the container.
		chmodSync(this.dev, 0o755);
		symlinkSync('pts/ptmx', join(this.dev, 'ptmx'));
		makeNullDevice(join(this.dev, 'null'));
	}

	/** The part that the sandbox was made from; undefined when that was never finished. */
	part(): SandboxPart | undefined {
		return readJson(join(this.directory, 'part.json')) as SandboxPart | undefined;
	}

	/** Whether this is the first time that somebody asks for this stage of the run. A daemon that died counts too. */
	once(stage: string): boolean {
		try {
			writeFileSync(join(this.directory, `did-${stage}`), '', { flag: 'wx' });
			return true;
		} catch (error) {
			if (hasCode(error, 'EEXIST')) return false;
			throw error;
		}
	}

	/** Notes which processes the sandbox consists of. Undefined when its first one is gone already. */
	record(pid: number): SandboxProcesses | undefined {
		const first = identify(pid);
		const monitor = identify(Number.parseInt(readFileSync(join(this.directory, 'conmon.pid'), 'utf8'), 10));
		if (first === undefined) return undefined;
		const processes = { first, monitor: monitor ?? first };
		writeFileSync(join(this.directory, 'processes.json'), JSON.stringify(processes));
		return processes;
	}

	/**
	 * The processes of a sandbox whose making was cut short by the death of a daemon. Undefined while the runtime has not
	 * named one, and when the number it named belongs to a process outside of the cgroup.
	 */
	adopt(cgroup: string): SandboxProcesses | undefined {
		try {
			const pid = Number.parseInt(readFileSync(join(this.directory, 'pid'), 'utf8'), 10);
			const inside = readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(cgroup);
			return inside ? this.record(pid) : undefined;
		} catch {
			return undefined;
		}
	}

	/** Undefined unless the sandbox was made. */
	processes(): SandboxProcesses | undefined {
		return readJson(join(this.directory, 'processes.json')) as SandboxProcesses | undefined;
	}

	/** Directory of an additional process, with its process object; the caller removes it. */
	addExecution(execution: string, process: object): Bundle {
		const directory = join(this.directory, 'exec', execution);
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		writeFileSync(join(directory, 'process.json'), JSON.stringify(process));
		return new Bundle(directory);
	}

	/** conmon takes its own files away as it ends: where it is quicker, `rm` takes all for gone and leaves the rest. */
	async remove(): Promise<void> {
		for (let tries = 0; tries < MOST_REMOVALS && existsSync(this.directory); tries += 1)
			await rm(this.directory, { recursive: true, force: true, maxRetries: 3, retryDelay: 5 });
	}
}

function readJson(file: string): unknown {
	try {
		return JSON.parse(readFileSync(file, 'utf8'));
	} catch {
		// Absent, or cut short by the death of a daemon: as if it had not been written.
		return undefined;
	}
}

/**
 * Puts the init program of this architecture below the daemon's root, and gives its path. Containers that run keep the
 * one they have.
 *
 * @param source directory of the prebuilt programs
 */
export function installInit(root: string, source = fileURLToPath(new URL('./init', import.meta.url))): string {
	const program = readFileSync(join(source, `init-${process.arch}`));
	const path = join(root, 'init');
	if (existsSync(path) && readFileSync(path).equals(program)) return path;
	mkdirSync(root, { recursive: true });
	const next = join(root, `init.${process.pid}`);
	writeFileSync(next, program);
	chmodSync(next, 0o755);
	renameSync(next, path);
	return path;
}
