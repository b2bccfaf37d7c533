import { Readable } from 'node:stream';
import Type from 'typebox';
import { FileChange, WaitResponse } from '#api/activity/changes.ts';
import { JSON_LINES } from '#api/activity/events.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../../http.ts';
import { contentOf, linesOf } from './stream.ts';

const Ident = Type.Object({ container_id: Type.String() });

export function changeRoutes(app: App, { activity }: Engine): void {
	app.route({
		method: 'GET',
		url: '/containers/:container_id/changes',
		schema: {
			description: 'ours: files of a container that differ from its image, one JSON object per line',
			params: Ident,
			response: { 200: contentOf(JSON_LINES, FileChange) },
		},
		config: { errors: [404, 500] },
		handler: async ({ params }, reply) => {
			const changes = activity.changes.list(params.container_id);
			return reply.type(JSON_LINES).send(Readable.from(linesOf(changes), { objectMode: false }));
		},
	});

	app.route({
		method: 'POST',
		url: '/containers/:container_id/wait',
		schema: {
			description: 'ours: answers when the container has ended; one that does not run has',
			params: Ident,
			response: { 200: WaitResponse },
		},
		config: { errors: [404, 409, 500], slow: true },
		handler: async ({ params }, reply) => {
			const left = new AbortController();
			reply.raw.once('close', () => left.abort());
			const { code, reason } = await activity.endings.wait(params.container_id, left.signal);
			return { exit_code: code, reason };
		},
	});
}
