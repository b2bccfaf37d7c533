/** Source of the bytes of an archive. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ArchiveError } from './archive-error.ts';

export interface ArchiveBytes {
	readonly bytes: Readable;
	/** Of the archive as it is stored; undefined where the server does not say. */
	readonly size: number | undefined;
}

/** Milliseconds. */
export const PATIENCE = 60_000;

export interface SourceOptions {
	/** Ends the transfer; its reason is thrown. */
	readonly signal?: AbortSignal | undefined;
	/** Milliseconds that a server may take to answer, and between two pieces of data. Default `PATIENCE`. */
	readonly patience?: number;
}

/**
 * @param text `file:///absolute/path`, `http://` or `https://`
 * @throws ArchiveError
 */
export async function openSource(text: string, options: SourceOptions = {}): Promise<ArchiveBytes> {
	const url = URL.parse(text);
	if (url?.protocol === 'file:') return openFile(text, url);
	if (url?.protocol === 'http:' || url?.protocol === 'https:') return fetchUrl(url, options);
	throw new ArchiveError('unreachable', `'${text}' is no file:///, http:// or https:// address`);
}

async function openFile(text: string, url: URL): Promise<ArchiveBytes> {
	// A relative path after file:// would be taken for a host name and dropped.
	if (url.host !== '' || !/^file:\/{3}/i.test(text))
		throw new ArchiveError('unreachable', `'${text}' does not name an absolute path as file:///path`);
	let path: string;
	try {
		path = fileURLToPath(url);
	} catch (cause) {
		throw new ArchiveError('unreachable', `'${text}' is no path`, { cause });
	}
	try {
		// O_NONBLOCK: opening a FIFO would wait for somebody to write to it.
		const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
		const status = await file.stat();
		if (status.isFile()) return { bytes: file.createReadStream({ highWaterMark: 256 * 1024 }), size: status.size };
		await file.close();
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new ArchiveError('unreachable', `cannot open ${path}: ${reason}`, { cause });
	}
	throw new ArchiveError('unreachable', `${path} is not a regular file`);
}

async function fetchUrl(url: URL, { signal, patience = PATIENCE }: SourceOptions): Promise<ArchiveBytes> {
	const shown = `${url.protocol}//${url.host}${url.pathname}`;
	// fetch refuses addresses with a password in them.
	const bare = `${shown}${url.search}`;
	const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
	const headers = new Headers(login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` });
	const transfer = new Transfer(patience, signal);
	const failed = (cause: unknown) => {
		signal?.throwIfAborted();
		const error = cause instanceof Error ? cause : new Error(String(cause));
		const reason = error.cause instanceof Error ? error.cause.message : error.message;
		return new ArchiveError('unreachable', `could not fetch ${shown}: ${reason}`, { cause });
	};
	try {
		const response = await transfer.waitFor(fetch(bare, { signal: transfer.signal, headers }));
		if (!response.ok || !response.body)
			throw new Error(`the server answered ${response.status} ${response.statusText}`);
		const length = Number(response.headers.get('content-length') ?? Number.NaN);
		const pieces = response.body.getReader();
		const read = async function* () {
			try {
				for (;;) {
					const { done, value } = await transfer.waitFor(pieces.read());
					if (done) return;
					yield Buffer.from(value.buffer, value.byteOffset, value.byteLength);
				}
			} catch (cause) {
				throw failed(cause);
			} finally {
				transfer.end();
			}
		};
		const bytes = Readable.from(read(), { objectMode: false });
		// Otherwise whoever lets go of the stream would wait for the next piece.
		bytes.destroy = (error) => {
			transfer.end();
			return Readable.prototype.destroy.call(bytes, error);
		};
		return { bytes, size: Number.isFinite(length) ? length : undefined };
	} catch (cause) {
		transfer.end();
		throw failed(cause);
	}
}

/** Ends a request when a server is silent for too long, when it is aborted, or when nobody reads it any more. */
class Transfer {
	readonly #controller = new AbortController();
	readonly #patience: number;
	readonly signal: AbortSignal;

	constructor(patience: number, signal: AbortSignal | undefined) {
		this.#patience = patience;
		this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal;
	}

	/** Time that the reader takes does not count. */
	async waitFor<T>(answer: Promise<T>): Promise<T> {
		const late = () => this.#controller.abort(new Error(`the server sent nothing for ${this.#patience / 1000} s`));
		const timer = setTimeout(late, this.#patience);
		try {
			return await answer;
		} finally {
			clearTimeout(timer);
		}
	}

	end(): void {
		this.#controller.abort(new Error('the transfer has ended'));
	}
}
