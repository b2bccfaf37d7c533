import type { Event, EventQuery } from '#api/activity/events.ts';
import type { HttpTransport } from '../http.ts';

/** Takes one line of JSON after the other. The next is read when it resolves. */
export type LineSink<T> = (value: T) => Promise<void>;

export function followEvents(http: HttpTransport, query: EventQuery, sink: LineSink<Event>): Promise<void> {
	return readLines(http, { method: 'GET', path: ['events'], query, doing: 'follow events' }, sink);
}

/** An answer that is made of lines of JSON. */
export async function readLines<T>(
	http: HttpTransport,
	call: Parameters<HttpTransport['stream']>[0],
	sink: LineSink<T>,
): Promise<void> {
	const decoder = new TextDecoder();
	let rest = '';
	for await (const piece of http.stream(call)) {
		const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) if (line !== '') await sink(JSON.parse(line) as T);
	}
}
