import { Readable } from 'node:stream';
import Type from 'typebox';
import { RegistryLogin } from '#api/images.ts';
import { TAR } from '#api/media-types.ts';
import { IdListResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../http.ts';
import { contentOf } from './activity/stream.ts';
import { withUpload } from './upload.ts';

const Ident = Type.Object({ image_id: Type.String() });
const Format = Type.Object({
	format: Type.Union([Type.Literal('docker'), Type.Literal('oci')], { default: 'docker' }),
});

/** Ours: archives of images. */
export function imageArchiveRoutes(app: App, { transfers }: Engine): void {
	app.route({
		method: 'GET',
		url: '/images/:image_id/archive',
		schema: {
			description: 'ours: an image as an archive of Docker or OCI',
			params: Ident,
			querystring: Format,
			response: { 200: contentOf(TAR) },
		},
		config: { errors: [404, 500] },
		handler: async ({ params, query }, reply) => {
			const left = new AbortController();
			reply.raw.once('close', () => left.abort(new Error('the client left')));
			const archive = transfers.save(params.image_id, query.format, left.signal);
			// What is refused is refused before the first piece.
			const first = await archive.next();
			const rest = async function* () {
				if (!first.done) yield first.value;
				yield* archive;
			};
			return reply.type(TAR).send(Readable.from(rest(), { objectMode: false }));
		},
	});

	app.route({
		method: 'POST',
		url: '/images/load',
		bodyLimit: Number.MAX_SAFE_INTEGER,
		schema: { description: `ours: images of an archive (${TAR}) of Docker or OCI`, response: { 200: IdListResponse } },
		config: { errors: [500] },
		handler: (request) =>
			withUpload(request, (archive, signal) => transfers.load(archive, { progress: () => {}, signal })),
	});
}

/** Ours: credentials for registries, which the daemon keeps below its root directory. */
export function registryRoutes(app: App, { transfers }: Engine): void {
	app.route({
		method: 'POST',
		url: '/registries/login',
		schema: {
			description: 'ours: checks credentials with a registry and keeps them',
			body: RegistryLogin,
			response: { 204: Type.Null() },
		},
		config: { errors: [500], slow: true },
		handler: async ({ body }, reply) => {
			const { tls_verify, ...credentials } = body;
			await transfers.login({ ...credentials, insecure: !tls_verify });
			return reply.code(204).send(null);
		},
	});

	app.route({
		method: 'POST',
		url: '/registries/logout',
		schema: {
			description: 'ours: forgets the credentials for a registry',
			querystring: Type.Object({ registry: Type.String() }),
			response: { 204: Type.Null() },
		},
		config: { errors: [500], slow: true },
		handler: async ({ query }, reply) => {
			await transfers.logout(query.registry);
			return reply.code(204).send(null);
		},
	});
}
