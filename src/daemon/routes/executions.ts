import Type from 'typebox';
import { ExecConfig } from '#api/executions.ts';
import { IdResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../app.ts';

export function executionRoutes(app: App, { executions, containers }: Engine): void {
	app.route({
		method: 'POST',
		url: '/exec/create',
		schema: { body: ExecConfig, response: { 201: IdResponse } },
		config: { errors: [404, 500] },
		handler: async ({ body }, reply) => {
			const { container_id: container, cmd, user, env, tty } = body;
			return reply.code(201).send({ id: executions.create({ container, cmd, user, env, tty }) });
		},
	});

	app.route({
		method: 'POST',
		url: '/exec/:exec_id/stop',
		schema: {
			params: Type.Object({ exec_id: Type.String() }),
			querystring: Type.Object({ force_stop: Type.Boolean(), stop_container: Type.Boolean() }),
			response: { 200: IdResponse },
		},
		config: { errors: [404, 500], slow: true },
		handler: async ({ params, query }) => {
			if (query.stop_container) await containers.stop(executions.containerOf(params.exec_id));
			else await executions.stop(params.exec_id, query.force_stop);
			return { id: params.exec_id };
		},
	});
}
