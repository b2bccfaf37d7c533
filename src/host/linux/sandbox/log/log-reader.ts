import { closeSync, existsSync, fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import { LineSplitter } from '#os/line-splitter.ts';
import { LONGEST_RECORD, parseRecord } from '#os/linux/oci/log-records.ts';
import { type Watching, watchChanges } from '#os/watch.ts';
import type { LogDirectory, OpenLogs } from './log-directory.ts';
import { findTail } from './log-tail.ts';

/** Bytes read at once: what one reader holds in memory. */
const BLOCK = 64 * 1024;
/** Milliseconds after which a reader looks again though no file was reported to have changed. */
const LOOK = 1000;
const GAP = [{ kind: 'gap' }] as const;

const readAsync = promisify(read);

/** Reads the log of a container in its order; the next block is read when the last batch was taken. */
export async function* readLog(directory: LogDirectory, request: LogRequest): AsyncGenerator<LogBatch> {
	if (!existsSync(directory.path)) return;
	const reader = new LogReader(directory, request);
	try {
		yield* reader.kept();
		if (request.follow) yield* reader.more(request.follow);
	} finally {
		reader.close();
	}
}

class LogReader {
	readonly #directory: LogDirectory;
	readonly #request: LogRequest;
	readonly #changes: Changes;
	/** Every descriptor that is not closed yet. */
	readonly #open = new Set<number>();
	/** The file that is read, and how far it was. */
	#file: { readonly fd: number; readonly inode: bigint; readonly splitter: LineSplitter; offset: number } | undefined;

	constructor(directory: LogDirectory, request: LogRequest) {
		this.#directory = directory;
		this.#request = request;
		this.#changes = new Changes(directory.path, [request.abandoned, ...(request.follow ? [request.follow] : [])]);
	}

	/** All that is there, or its last lines. */
	async *kept(): AsyncGenerator<LogBatch> {
		const { tail } = this.#request;
		const logs = this.#openLogs();
		const { current } = logs;
		if (current === undefined || tail === undefined) return yield* this.#read(logs, { offset: 0, missing: tail });
		if (tail > 0) return yield* this.#read(logs, findTail(current, tail));
		yield* this.#read(logs, { offset: fstatSync(current).size, missing: 0 });
	}

	/** What comes after it, until the run of the container is over. */
	async *more(over: AbortSignal): AsyncGenerator<LogBatch> {
		while (!this.#request.abandoned.aborted) {
			// What was written before the end is read after it.
			const last = over.aborted;
			yield* this.#rest();
			if (this.#isReplaced()) yield* this.#next();
			else if (last) return;
			else await this.#changes.next();
		}
	}

	close(): void {
		this.#changes.close();
		for (const fd of this.#open) closeSync(fd);
	}

	#openLogs(): OpenLogs {
		const logs = this.#directory.open();
		for (const fd of [logs.older, logs.current]) if (fd !== undefined) this.#open.add(fd);
		return logs;
	}

	/** @param from where in the current file to begin; `missing` lines of the older one, undefined: all */
	async *#read(
		{ older, gap, current }: OpenLogs,
		from: { readonly offset: number; readonly missing: number | undefined },
	): AsyncGenerator<LogBatch> {
		if (older !== undefined && from.missing !== 0) {
			this.#take(older, from.missing === undefined ? 0 : findTail(older, from.missing).offset);
			yield* this.#rest();
			if (gap) yield GAP;
		} else this.#discard(older);
		this.#take(current, from.offset);
		yield* this.#rest();
	}

	#isReplaced(): boolean {
		this.#directory.settle();
		const inode = this.#directory.inode();
		return inode !== undefined && inode !== this.#file?.inode;
	}

	/** The end of a file that was replaced, and the files after it. */
	async *#next(): AsyncGenerator<LogBatch> {
		yield* this.#rest();
		const { inode } = this.#file ?? {};
		const logs = this.#openLogs();
		const follows = logs.older !== undefined && inodeOf(logs.older) === inode;
		if (inode !== undefined && (!follows || logs.gap)) yield GAP;
		yield* this.#read(logs, { offset: 0, missing: follows ? 0 : undefined });
	}

	#take(fd: number | undefined, offset: number): void {
		this.#discard(this.#file?.fd);
		const splitter = new LineSplitter(LONGEST_RECORD);
		this.#file = fd === undefined ? undefined : { fd, inode: inodeOf(fd), splitter, offset };
	}

	#discard(fd: number | undefined): void {
		if (fd === undefined) return;
		this.#open.delete(fd);
		closeSync(fd);
	}

	async *#rest(): AsyncGenerator<LogBatch> {
		const file = this.#file;
		const buffer = Buffer.alloc(BLOCK);
		while (file && !this.#request.abandoned.aborted) {
			const { bytesRead } = await readAsync(file.fd, buffer, 0, BLOCK, file.offset);
			if (bytesRead === 0) return;
			file.offset += bytesRead;
			const lines = file.splitter.push(Buffer.from(buffer.subarray(0, bytesRead)));
			const records = lines.flatMap((line) => parseRecord(line) ?? []);
			if (records.length > 0) yield records.map((record) => ({ kind: 'output', ...record }));
		}
	}
}

function inodeOf(fd: number): bigint {
	return fstatSync(fd, { bigint: true }).ino;
}

/** Wakes a reader: by changes in a directory, by signals, and now and then. */
class Changes {
	readonly #watcher: Watching;
	readonly #signals: readonly AbortSignal[];
	readonly #timer: NodeJS.Timeout;
	#changed = Promise.withResolvers<void>();

	constructor(directory: string, signals: readonly AbortSignal[]) {
		this.#watcher = watchChanges(directory, { every: LOOK, onChange: () => this.#wake() });
		this.#signals = signals;
		this.#timer = setInterval(this.#wake, LOOK).unref();
		for (const signal of signals) signal.addEventListener('abort', this.#wake);
	}

	/** Resolves at once when there was a change since the last call. */
	async next(): Promise<void> {
		await this.#changed.promise;
		this.#changed = Promise.withResolvers();
	}

	close(): void {
		this.#watcher.close();
		clearInterval(this.#timer);
		for (const signal of this.#signals) signal.removeEventListener('abort', this.#wake);
	}

	readonly #wake = (): void => this.#changed.resolve();
}
