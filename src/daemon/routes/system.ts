import Type from 'typebox';
import { Lost, PruneQuery, PruneReport } from '#api/system.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../http.ts';

export function systemRoutes(app: App, { system, pruning }: Engine): void {
	app.route({
		method: 'GET',
		url: '/system/backup',
		schema: {
			description: 'ours: the database of the daemon, for `kleened restore`',
			response: {
				200: { content: { 'application/vnd.sqlite3': { schema: Type.Unsafe<Buffer>({ type: 'string' }) } } },
			},
		},
		config: { errors: [500] },
		handler: async (_, reply) => reply.type('application/vnd.sqlite3').send(Buffer.from(system.backup())),
	});

	app.route({
		method: 'GET',
		url: '/system/lost',
		schema: { description: 'ours: what was put into lost+found', response: { 200: Type.Array(Lost) } },
		config: { errors: [500] },
		handler: () => system.lost(),
	});

	app.route({
		method: 'POST',
		url: '/system/prune',
		schema: {
			description:
				'ours: removes stopped containers, networks without members, images without a name, caches of builds, and what was put into lost+found; volumes, also lost ones, only with `volumes`',
			querystring: PruneQuery,
			response: { 200: PruneReport },
		},
		config: { errors: [500], slow: true },
		handler: async ({ query: { all = false, volumes = false, dry_run = false } }) => {
			const { objects, bytes } = await pruning[dry_run ? 'plan' : 'run']({ all, volumes });
			return { objects: [...objects], bytes };
		},
	});
}
