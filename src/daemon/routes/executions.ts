import Type from 'typebox';
import { ExecConfig } from '#api/executions.ts';
import { DryRunQuery, IdResponse, PlanResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../http.ts';

export function executionRoutes(app: App, { executions, containers }: Engine): void {
	app.route({
		method: 'POST',
		url: '/exec/create',
		/** A dry run plans its start too, and that of its container. */
		schema: { body: ExecConfig, querystring: DryRunQuery, response: { 200: PlanResponse, 201: IdResponse } },
		config: { errors: [404, 500] },
		handler: async ({ body, query }, reply) => {
			const { container_id: container, ...command } = body;
			const request = { container, ...command };
			if (query.dry_run) return reply.code(200).send({ plan: await executions.plan(request) });
			return reply.code(201).send({ id: executions.create(request) });
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
			const grace = query.force_stop ? 0 : undefined;
			if (query.stop_container) await containers.stop(executions.containerOfStarted(params.exec_id), grace);
			else await executions.stop(params.exec_id, query.force_stop);
			return { id: params.exec_id };
		},
	});
}
