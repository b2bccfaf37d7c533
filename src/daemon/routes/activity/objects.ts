import { FoundObject, ObjectQuery } from '#api/activity/objects.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../../http.ts';

export function objectRoutes(app: App, { activity: { objects } }: Engine): void {
	app.route({
		method: 'GET',
		url: '/objects/find',
		schema: {
			description: 'ours: which object of any kind has a name or id',
			querystring: ObjectQuery,
			response: { 200: FoundObject },
		},
		config: { errors: [404, 409, 500] },
		handler: async ({ query }) => objects.find(query.identifier),
	});
}
