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

/** A server that sends nothing at all for this long is given up. */
const SILENCE_MS = 60_000;

/**
 * @param text `file:///absolute/path`, `http://` or `https://`
 * @throws ArchiveError
 */
export async function openSource(text: string): Promise<ArchiveBytes> {
	const url = URL.parse(text);
	if (url?.protocol === 'file:') return openFile(text, url);
	if (url?.protocol === 'http:' || url?.protocol === 'https:') return fetchUrl(url);
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

async function fetchUrl(url: URL): Promise<ArchiveBytes> {
	const shown = `${url.protocol}//${url.host}${url.pathname}`;
	// fetch refuses addresses with a password in them.
	const bare = `${shown}${url.search}`;
	const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
	const headers = new Headers(login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` });
	const patience = new AbortController();
	const timer = setTimeout(() => patience.abort(new Error('no answer for a minute')), SILENCE_MS);
	const failed = (cause: unknown) => {
		const error = cause instanceof Error ? cause : new Error(String(cause));
		const reason = error.cause instanceof Error ? error.cause.message : error.message;
		return new ArchiveError('unreachable', `could not fetch ${shown}: ${reason}`, { cause });
	};
	try {
		const response = await fetch(bare, { signal: patience.signal, headers });
		if (!response.ok || !response.body)
			throw new Error(`the server answered ${response.status} ${response.statusText}`);
		const length = Number(response.headers.get('content-length') ?? Number.NaN);
		const body = response.body;
		const read = async function* () {
			try {
				for await (const chunk of body) {
					timer.refresh();
					yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
				}
			} catch (cause) {
				throw failed(cause);
			} finally {
				clearTimeout(timer);
			}
		};
		return { bytes: Readable.from(read(), { objectMode: false }), size: Number.isFinite(length) ? length : undefined };
	} catch (cause) {
		clearTimeout(timer);
		throw failed(cause);
	}
}
