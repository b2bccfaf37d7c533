import { Readable } from 'node:stream';
import Type from 'typebox';
import { FileQuery, FileStatus, FileStatusQuery } from '#api/activity/files.ts';
import { TAR } from '#api/media-types.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../../http.ts';
import { withUpload } from '../upload.ts';
import { contentOf } from './stream.ts';

const Ident = Type.Object({ container_id: Type.String() });

export function fileRoutes(app: App, { activity: { files } }: Engine): void {
	app.addContentTypeParser(TAR, (_request, payload, done) => done(null, payload));

	app.route({
		method: 'GET',
		url: '/containers/:container_id/files',
		schema: {
			description: 'ours: what a path in a container is',
			params: Ident,
			querystring: FileStatusQuery,
			response: { 200: FileStatus },
		},
		config: { errors: [404, 409, 500] },
		handler: ({ params, query }) => files.status(params.container_id, query.path, query.follow === true),
	});

	app.route({
		method: 'GET',
		url: '/containers/:container_id/archive',
		schema: {
			description: 'ours: a file or directory of a container; a link is not followed',
			params: Ident,
			querystring: FileQuery,
			response: { 200: contentOf(TAR) },
		},
		config: { errors: [404, 409, 500] },
		handler: async ({ params, query }, reply) => {
			const left = new AbortController();
			reply.raw.once('close', () => left.abort());
			const archive = await files.read(params.container_id, query.path, left.signal);
			return reply.type(TAR).send(Readable.from(archive, { objectMode: false }));
		},
	});

	app.route({
		method: 'PUT',
		url: '/containers/:container_id/archive',
		schema: {
			description: `ours: unpacks the body (${TAR}) into a directory of a container`,
			params: Ident,
			querystring: FileQuery,
			response: { 204: Type.Null() },
		},
		config: { errors: [404, 409, 500] },
		handler: async (request, reply) => {
			const { params, query } = request;
			await withUpload(request, (archive, signal) => files.write(params.container_id, query.path, { archive, signal }));
			return reply.code(204).send(null);
		},
	});
}
