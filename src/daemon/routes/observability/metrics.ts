import type { Engine } from '#engine/engine.ts';
import type { App } from '../../http.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import { contentOf } from '../activity/stream.ts';

const TEXT = 'text/plain';

/** Numbers for Prometheus. */
export function metricsRoute(app: App, engine: Engine): void {
	let metrics: Promise<Metrics> | undefined;
	let counting: Metrics | undefined;
	app.addHook('onResponse', async ({ method, routeOptions: { url } }, { statusCode, elapsedTime }) => {
		// Streams last as long as their readers like.
		if (counting && url && !url.endsWith('/changes') && url !== '/events')
			counting.observe({ method, route: url, status: statusCode, seconds: elapsedTime / 1000 });
	});
	app.route({
		method: 'GET',
		url: '/metrics',
		schema: { description: 'ours: numbers in the form of Prometheus', response: { 200: contentOf(TEXT) } },
		config: { errors: [500] },
		handler: async (_request, reply) => {
			metrics ??= import('../../metrics/metrics.ts').then(({ Metrics }) => new Metrics(engine));
			counting = await metrics;
			return reply.type(counting.contentType).send(await counting.text());
		},
	});
}
