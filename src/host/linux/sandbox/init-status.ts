import { closeSync, openSync, readSync } from 'node:fs';
import { type Watching, watchChanges } from '#os/watch.ts';

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

/** Milliseconds between two looks: the container may write to the file without end. */
const REST = 20;

/** Waits for what the init writes. */
export class StatusWatch {
	readonly #file: string;
	readonly #started = Promise.withResolvers<void>();
	readonly #ended = Promise.withResolvers<number>();
	#watcher: Watching | undefined;
	#rest: NodeJS.Timeout | undefined;

	constructor(file: string) {
		this.#file = file;
		this.#watch();
	}

	/** The command was started. */
	get started(): Promise<void> {
		return this.#started.promise;
	}

	/** Its exit code, when something else goes on. */
	get code(): Promise<number> {
		return this.#ended.promise;
	}

	close(): void {
		clearTimeout(this.#rest);
		this.#watcher?.close();
	}

	#watch(): void {
		this.#watcher = watchChanges(this.#file, { every: REST, onChange: () => this.#look() });
	}

	/** Not watched for a while, and looked at once more as soon as it is watched again. */
	#look(): void {
		this.#read();
		this.#watcher?.close();
		this.#watcher = undefined;
		clearTimeout(this.#rest);
		this.#rest = setTimeout(() => this.#resume(), REST).unref();
	}

	#resume(): void {
		try {
			this.#watch();
			this.#read();
		} catch {
			// The file is gone.
			this.#look();
		}
	}

	#read(): void {
		const { command, code } = readStatus(this.#file);
		if (command !== undefined) this.#started.resolve();
		if (code !== undefined) this.#ended.resolve(code & 0xff);
	}
}
