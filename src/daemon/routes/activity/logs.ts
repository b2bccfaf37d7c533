import { Readable } from 'node:stream';
import Type from 'typebox';
import { LogQuery } from '#api/activity/logs.ts';
import { encodeFrame, type FrameStream, MULTIPLEXED } from '#api/multiplexed.ts';
import type { Engine } from '#engine/engine.ts';
import type { SelectedRecord } from '#engine/operations/activity/logs.ts';
import { logTime } from '#model/activity/log.ts';
import type { App } from '../../http.ts';
import { contentOf, endWithClient, timeOf } from './stream.ts';

const GAP = 'output is missing here: more was written at once than is kept';

export function logRoutes(app: App, { activity }: Engine): void {
	app.route({
		method: 'GET',
		url: '/containers/:container_id/logs',
		schema: {
			description: 'ours: output of the first processes of a container, as it is kept',
			params: Type.Object({ container_id: Type.String() }),
			querystring: LogQuery,
			response: { 200: contentOf(MULTIPLEXED) },
		},
		config: { errors: [404, 500] },
		handler: async ({ params, query, raw }, reply) => {
			const { follow = false, tail, timestamps = false } = query;
			const gone = new AbortController();
			const [since, until] = [timeOf('since', query.since), timeOf('until', query.until)].map(
				(time) => time && logTime(+time),
			);
			const batches = activity.logs.read(params.container_id, { follow, tail, since, until, abandoned: gone.signal });
			const body = Readable.from(framesOf(batches, timestamps), { objectMode: false });
			body.once('close', () => gone.abort());
			if (follow) endWithClient(raw);
			return reply.type(MULTIPLEXED).send(body);
		},
	});
}

async function* framesOf(
	batches: AsyncIterable<readonly SelectedRecord[]>,
	timestamps: boolean,
): AsyncGenerator<Buffer> {
	for await (const batch of batches) yield encode(batch, timestamps);
}

const NEWLINE = Buffer.from('\n');

/** Neighbouring records of a stream share a frame. */
function encode(batch: readonly SelectedRecord[], timestamps: boolean): Buffer {
	const frames: Buffer[] = [];
	let [stream, pieces]: [FrameStream | undefined, Buffer[]] = [undefined, []];
	const flush = () => {
		if (stream !== undefined) frames.push(encodeFrame(stream, Buffer.concat(pieces)));
		pieces = [];
	};
	for (const record of batch) {
		const next = record.kind === 'gap' ? 'notice' : record.stream;
		if (next !== stream || next === 'notice') flush();
		stream = next;
		if (record.kind === 'gap') pieces.push(Buffer.from(GAP));
		else {
			if (timestamps && record.beginsLine) pieces.push(Buffer.from(`${record.time} `));
			pieces.push(record.content);
			if (record.complete) pieces.push(NEWLINE);
		}
	}
	flush();
	return Buffer.concat(frames);
}
