import Type from 'typebox';
import { RegistryLogin } from '#api/images.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../http.ts';

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
