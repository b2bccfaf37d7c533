import { closeSync, type FSWatcher, openSync, readSync, watch } from 'node:fs';

/** Two numbers and their line ends are shorter. */
const LONGEST = 64;

/** Status written by the init of a container. Its file may have been written to from inside: nothing is trusted. */
export interface InitStatus {
	/** Pid of the command inside; undefined before it was started. */
	readonly command: number | undefined;
	/** Its exit code, once it ended and something else goes on. */
	readonly code: number | undefined;
}

export function readStatus(file: string): InitStatus {
	try {
		const [command, code] = readBeginning(file).split('\n').slice(0, -1);
		return { command: parseNumber(command), code: parseNumber(code) };
	} catch {
		return { command: undefined, code: undefined };
	}
}

/** No more than that: a file that the container made as long as it likes would hold up the daemon. */
function readBeginning(file: string): string {
	const fd = openSync(file, 'r');
	try {
		const buffer = Buffer.alloc(LONGEST);
		return buffer.toString('latin1', 0, readSync(fd, buffer));
	} finally {
		closeSync(fd);
	}
}

function parseNumber(text: string | undefined): number | undefined {
	return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Waits for what the init writes. */
export class StatusWatch {
	readonly #watcher: FSWatcher;
	/** The command was started. */
	readonly started: Promise<void>;
	/** Its exit code, when something else goes on. */
	readonly code: Promise<number>;

	constructor(file: string) {
		const started = Promise.withResolvers<void>();
		const ended = Promise.withResolvers<number>();
		this.started = started.promise;
		this.code = ended.promise;
		this.#watcher = watch(file, () => {
			const { command, code } = readStatus(file);
			if (command !== undefined) started.resolve();
			if (code !== undefined) ended.resolve(code & 0xff);
		}).unref();
	}

	close(): void {
		this.#watcher.close();
	}
}
