import { Readable } from 'node:stream';
import { JSON_LINES } from '#api/activity/events.ts';
import * as wire from '#api/observability/refusals.ts';
import type { Engine } from '#engine/engine.ts';
import type { NamedRefusal, RefusalNews } from '#engine/operations/observability/refusals.ts';
import type { App } from '../../http.ts';
import { contentOf, linesOf } from '../activity/stream.ts';
import { presentEnd, selectionOf } from './traffic.ts';

export function refusalRoutes(app: App, { observability: { refusals } }: Engine): void {
	app.route({
		method: 'GET',
		url: '/refused',
		schema: {
			description:
				'ours: packets that the firewall refuses from now on, with rule and containers, one JSON object per line, until the client leaves',
			querystring: wire.RefusalQuery,
			response: { 200: contentOf(JSON_LINES, wire.RefusalLine) },
		},
		config: { errors: [404, 500] },
		handler: async ({ query }, reply) => {
			const left = new AbortController();
			const news = refusals.follow(selectionOf(query), left.signal);
			const body = Readable.from(linesOf(news, presentNews), { objectMode: false });
			// The body closes only once what it waits for comes.
			reply.raw.once('close', () => left.abort());
			return reply.type(JSON_LINES).send(body);
		},
	});
}

function presentNews(news: RefusalNews): wire.RefusalLine {
	switch (news.kind) {
		case 'ready':
		case 'missed':
			return { type: news.kind };
		case 'unshown':
			return { type: 'unshown', reason: news.reason, packets: news.packets };
		case 'refused':
			return { type: 'refused', refusal: presentRefusal(news.refusal) };
	}
}

function presentRefusal(refusal: NamedRefusal): wire.Refusal {
	const { time, packets, verdict, reason, rule, change, protocol, source, destination, from, to, network } = refusal;
	const origin = from.network || !network ? from : { ...from, network };
	const inward = to.kind === 'container';
	return {
		time: new Date(time).toISOString(),
		packets,
		verdict,
		reason,
		rule,
		change,
		protocol,
		source: presentEnd(source, origin),
		target: presentEnd(destination, to),
		direction: from.kind === 'container' ? (inward ? 'between' : 'out') : inward ? 'in' : 'out',
		arrived: refusal.arrived || null,
		leaving: refusal.leaving || null,
	};
}
