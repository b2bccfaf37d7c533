import Type from 'typebox';
import { IdListResponse, IdResponse } from '#api/shapes.ts';
import { Volume, VolumeConfig, VolumeInspect } from '#api/volumes.ts';
import type { Engine } from '#engine/engine.ts';
import type { Volume as Model } from '#model/volume.ts';
import type { App } from '../http.ts';
import { presentUses, presentVolume } from '../present.ts';

const Ident = Type.Object({ volume_name: Type.String() });

export function volumeRoutes(app: App, { volumes }: Engine): void {
	const present = (volume: Model) => presentVolume(volume, volumes.mountpoint(volume));

	app.route({
		method: 'GET',
		url: '/volumes/list',
		schema: { response: { 200: Type.Array(Volume) } },
		config: { errors: [500] },
		handler: async () => volumes.list().map(present),
	});

	app.route({
		method: 'POST',
		url: '/volumes/create',
		schema: { body: VolumeConfig, response: { 201: IdResponse } },
		config: { errors: [500], slow: true },
		handler: async ({ body }, reply) => reply.code(201).send({ id: await volumes.create(body.name) }),
	});

	app.route({
		method: 'DELETE',
		url: '/volumes/:volume_name',
		schema: { params: Ident, response: { 200: IdResponse } },
		config: { errors: [404, 500], slow: true },
		handler: async ({ params }) => ({ id: await volumes.remove(params.volume_name) }),
	});

	app.route({
		method: 'POST',
		url: '/volumes/prune',
		schema: { response: { 200: IdListResponse } },
		config: { errors: [500], slow: true },
		handler: () => volumes.prune(),
	});

	app.route({
		method: 'GET',
		url: '/volumes/:volume_name/inspect',
		schema: { params: Ident, response: { 200: VolumeInspect } },
		config: { errors: [404, 500] },
		handler: async ({ params }) => {
			const { volume, users } = volumes.inspect(params.volume_name);
			return { volume: present(volume), mountpoints: presentUses(volume, users) };
		},
	});
}
