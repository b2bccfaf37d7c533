import { messageOf } from '#errors/kleene-error.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import type { LogFile } from '#os/linux/oci/conmon.ts';
import type { Paths } from '../../paths.ts';
import type { ExitsLog } from '../exits.ts';
import { LOG_LIMIT, LogDirectory } from './log-directory.ts';
import { readLog } from './log-reader.ts';

/** Milliseconds between looks whether conmon replaced a file: one that is replaced twice in between is lost. */
const LOOK = 500;

/** The logs of all containers. While they run, files that are full are put aside. */
export class Logs {
	readonly #paths: Paths;
	readonly #limit: number;
	readonly #log: ExitsLog | undefined;
	readonly #running = new Map<string, LogDirectory>();
	readonly #timer: NodeJS.Timeout;

	/** @param limit size of a file that ends it, in bytes */
	constructor(paths: Paths, log: ExitsLog | undefined, limit = LOG_LIMIT) {
		this.#paths = paths;
		this.#log = log;
		this.#limit = limit;
		this.#timer = setInterval(() => this.#settle(), LOOK).unref();
	}

	/** A run is about to begin. @param room bytes for its log; absent: two files of the usual size */
	begin(container: string, room?: number): LogFile {
		const directory = this.#directory(container);
		const limit = directory.prepare(room === undefined ? this.#limit : Math.floor(room / 2));
		this.#running.set(container, directory);
		return { path: directory.current, limit };
	}

	/** It runs already. */
	track(container: string): void {
		this.#running.set(container, this.#directory(container));
	}

	end(container: string): void {
		this.#running.delete(container);
	}

	read(request: LogRequest): AsyncGenerator<LogBatch> {
		return readLog(this.#directory(request.container), request);
	}

	close(): void {
		clearInterval(this.#timer);
	}

	#directory(container: string): LogDirectory {
		return new LogDirectory(this.#paths.log(container));
	}

	#settle(): void {
		for (const [container, directory] of this.#running) {
			try {
				directory.settle();
			} catch (error) {
				this.#running.delete(container);
				this.#log?.warn({ container, error: messageOf(error) }, 'cannot keep full log files of a container');
			}
		}
	}
}
