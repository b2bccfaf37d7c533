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

/** Waits for the exit code of the command in a status file. */
export class StatusWatch {
	readonly #watcher: FSWatcher;
	readonly code: Promise<number>;

	constructor(file: string) {
		let tell: (code: number) => void = () => {};
		this.code = new Promise((resolve) => {
			tell = resolve;
		});
		this.#watcher = watch(file, () => {
			const { code } = readStatus(file);
			if (code !== undefined) tell(code & 0xff);
		}).unref();
	}

	close(): void {
		this.#watcher.close();
	}
}
