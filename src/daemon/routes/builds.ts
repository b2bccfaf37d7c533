import Type from 'typebox';
import { TAR } from '#api/media-types.ts';
import { IdResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../http.ts';
import { withUpload } from './upload.ts';

const Ident = Type.Object({ context_id: Type.String({ pattern: '^[0-9a-f]{12}$' }) });

export function buildRoutes(app: App, { builds }: Engine): void {
	app.route({
		method: 'POST',
		url: '/images/build/context',
		schema: {
			description: `ours: keeps the files of the body (${TAR}) for one build; the id goes into its \`context\``,
			response: { 201: IdResponse },
		},
		config: { errors: [409, 500], slow: true },
		handler: async (request, reply) => {
			const id = await withUpload(request, (archive, signal) => builds.receive(archive, signal));
			return reply.code(201).send({ id });
		},
	});

	app.route({
		method: 'DELETE',
		url: '/images/build/context/:context_id',
		schema: {
			description: 'ours: removes files that were sent for a build that is not to be',
			params: Ident,
			response: { 204: Type.Null() },
		},
		config: { errors: [500] },
		handler: async ({ params }, reply) => {
			await builds.discard(params.context_id);
			return reply.code(204).send(null);
		},
	});
}
