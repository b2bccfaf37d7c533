import { Readable } from 'node:stream';
import { Event, EventQuery, JSON_LINES } from '#api/activity/events.ts';
import type { Engine } from '#engine/engine.ts';
import type { EngineEvent, EventsMissed } from '#engine/events.ts';
import type { App } from '../../http.ts';
import { contentOf, endWithClient, linesOf, timeOf } from './stream.ts';

export function eventRoutes(app: App, { activity }: Engine): void {
	app.route({
		method: 'GET',
		url: '/events',
		schema: {
			description: 'ours: what happens, one JSON object per line, until the client leaves',
			querystring: EventQuery,
			response: { 200: contentOf(JSON_LINES, Event) },
		},
		config: { errors: [500] },
		handler: async ({ query, raw }, reply) => {
			const { type = '', container, network, since, until } = query;
			const selection = {
				types: type.split(',').filter((one) => one !== ''),
				container,
				network,
				since: microseconds(timeOf('since', since)),
				until: microseconds(timeOf('until', until)),
			};
			const left = new AbortController();
			const events = activity.events.follow(selection, left.signal);
			const body = Readable.from(linesOf(events, present), { objectMode: false });
			body.once('close', () => left.abort());
			if (until === undefined) endWithClient(raw);
			return reply.type(JSON_LINES).send(body);
		},
	});
}

function present({ kind, ...fields }: EngineEvent | EventsMissed): object {
	return { type: kind, ...fields };
}

/** Events have their times like this. */
function microseconds(time: Date | undefined): string | undefined {
	return time?.toISOString().replace('Z', '000Z');
}
