import { type FSWatcher, readFileSync, watch } from 'node:fs';

/** What the init of a container has told so far. Its file may have been written to from inside: nothing is trusted. */
export interface InitStatus {
	/** Pid of the command inside; undefined before it was started. */
	readonly command: number | undefined;
	/** Its exit code, once it ended and something else goes on. */
	readonly code: number | undefined;
}

export function readStatus(file: string): InitStatus {
	try {
		const [command, code] = readFileSync(file, 'utf8').slice(0, 64).split('\n').slice(0, -1);
		return { command: parseNumber(command), code: parseNumber(code) };
	} catch {
		return { command: undefined, code: undefined };
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
