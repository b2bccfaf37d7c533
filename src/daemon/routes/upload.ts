import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * Runs something with the body of a request. Its signal aborts when the connection ends before the answer; a body that is
 * not read to its end is no sign of that.
 */
export async function withUpload<T>(
	{ body, raw }: { readonly body: unknown; readonly raw: IncomingMessage },
	task: (archive: Readable, signal: AbortSignal) => Promise<T>,
): Promise<T> {
	const left = new AbortController();
	// Not there any more when the body was given up.
	const { socket } = raw;
	const leave = () => left.abort(new Error('the client left'));
	socket.once('close', leave);
	try {
		return await task(body instanceof Readable ? body : Readable.from([]), left.signal);
	} finally {
		socket.off('close', leave);
	}
}
