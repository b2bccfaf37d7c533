import Type from 'typebox';
import { Image, PrunableImages } from '#api/images.ts';
import { IdListResponse, IdResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../http.ts';
import { presentImage } from '../present.ts';

const Ident = Type.Object({ image_id: Type.String() });

export function imageRoutes(app: App, { images, imageSizes }: Engine): void {
	app.route({
		method: 'GET',
		url: '/images/list',
		schema: { response: { 200: Type.Array(Image) } },
		config: { errors: [500] },
		handler: async () => (await imageSizes.views(images.list())).map(presentImage),
	});

	app.route({
		method: 'DELETE',
		url: '/images/:image_id',
		schema: { params: Ident, response: { 200: IdResponse } },
		config: { errors: [404, 500], slow: true },
		handler: async ({ params }) => ({ id: await images.remove(params.image_id) }),
	});

	app.route({
		method: 'GET',
		url: '/images/prunable',
		schema: {
			description: 'ours: images that a prune would remove, and the bytes that would be free',
			querystring: Type.Object({ all: Type.Boolean() }),
			response: { 200: PrunableImages },
		},
		config: { errors: [500], slow: true },
		handler: async ({ query }) => {
			const { images: going, bytes } = await imageSizes.prunable(query.all);
			return { images: going.map(({ id }) => id), bytes };
		},
	});

	app.route({
		method: 'POST',
		url: '/images/prune',
		schema: { querystring: Type.Object({ all: Type.Boolean() }), response: { 200: IdListResponse } },
		config: { errors: [500], slow: true },
		handler: ({ query }) => images.prune(query.all),
	});

	app.route({
		method: 'POST',
		url: '/images/:image_id/tag',
		schema: { params: Ident, querystring: Type.Object({ nametag: Type.String() }), response: { 200: IdResponse } },
		config: { errors: [404, 500] },
		handler: async ({ params, query }) => ({ id: images.tag(params.image_id, query.nametag) }),
	});

	app.route({
		method: 'GET',
		url: '/images/:image_id/inspect',
		schema: { params: Ident, response: { 200: Image } },
		config: { errors: [404, 500] },
		handler: async ({ params }) => {
			const [view] = await imageSizes.views([images.inspect(params.image_id)]);
			return presentImage(view!);
		},
	});
}
