import type { LogQuery } from '#api/activity/logs.ts';
import { FrameDecoder, type FrameStream } from '#api/multiplexed.ts';
import type { HttpTransport } from '../http.ts';

/** Takes output, verbatim. The next is read when it resolves. */
export type LogSink = (stream: FrameStream, content: Buffer) => Promise<void>;

/** Output of a container as it is kept. Resolves at the end of it. */
export async function readLogs(http: HttpTransport, container: string, query: LogQuery, sink: LogSink): Promise<void> {
	const doing = `show the output of container ${container}`;
	const decoder = new FrameDecoder();
	for await (const piece of http.stream({ method: 'GET', path: ['containers', container, 'logs'], query, doing }))
		for (const { stream, content } of decoder.push(piece)) await sink(stream, content);
}
