import { Readable } from 'node:stream';
import Type from 'typebox';
import { JSON_LINES } from '#api/activity/events.ts';
import * as wire from '#api/observability/capture.ts';
import type { Engine } from '#engine/engine.ts';
import type { CaptureLine } from '#engine/operations/observability/capture/lines.ts';
import type { App } from '../../http.ts';
import { endWithClient, linesOf } from '../activity/stream.ts';

const CONTENT: Readonly<Record<string, { readonly schema: Type.TSchema }>> = {
	[wire.PCAPNG]: { schema: Type.String({ format: 'binary' }) },
	[JSON_LINES]: { schema: wire.CaptureLine },
};

export function captureRoutes(app: App, { observability: { captures } }: Engine): void {
	app.route({
		method: 'GET',
		url: '/capture',
		schema: {
			description: 'ours: packets as they pass, until a limit, `stop`, or the client leaves; the end tells the counts',
			querystring: wire.CaptureQuery,
			response: {
				200: { description: 'sent as it is made', content: CONTENT },
			},
		},
		config: { errors: [404, 409, 500] },
		handler: async ({ query, raw }, reply) => {
			const { filter = '', format = 'pcapng', ...rest } = query;
			const selection = { ...wire.CAPTURE_DEFAULTS, ...rest, filter };
			const left = new AbortController();
			// Also while it begins.
			endWithClient(raw);
			reply.raw.once('close', () => left.abort());
			const pieces =
				format === 'pcapng'
					? await captures.packets(selection, left.signal)
					: linesOf(await captures.lines(selection, left.signal), present);
			const body = Readable.from(pieces, { objectMode: false });
			body.once('close', () => left.abort());
			return reply.type(format === 'pcapng' ? wire.PCAPNG : JSON_LINES).send(body);
		},
	});

	app.route({
		method: 'POST',
		url: '/capture/:capture_id/stop',
		schema: {
			description: 'ours: ends a capture, whose reader then gets the counts; nothing for one that has ended',
			params: Type.Object({ capture_id: Type.String() }),
			response: { 204: Type.Null() },
		},
		config: { errors: [500] },
		handler: async ({ params }, reply) => {
			captures.stop(params.capture_id);
			return reply.code(204).send(null);
		},
	});
}

function present({ kind, ...fields }: CaptureLine): object {
	return { type: kind, ...fields };
}
