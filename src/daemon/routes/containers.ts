import Type from 'typebox';
import { ContainerConfig, ContainerInspect, ContainerSummary, UpdateResponse } from '#api/containers.ts';
import { CreateConfig, RunConfig, RunResponse } from '#api/runs.ts';
import { DryRunQuery, IdListResponse, IdResponse, PlanResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import type { ContainerChange } from '#engine/operations/container/containers.ts';
import { messageOf } from '#errors/kleene-error.ts';
import type { App } from '../http.ts';
import { presentContainer, presentEndpoint, presentMounts, presentSummary } from '../present.ts';
import { presentHealth } from '../present-health.ts';
import { containerOf, joiningsOf, optionsOf, runOf } from '../requests.ts';

const Ident = Type.Object({ container_id: Type.String() });

export function containerRoutes(app: App, engine: Engine, log: Logger): void {
	const { containers, newContainers } = engine;
	app.route({
		method: 'GET',
		url: '/containers/list',
		schema: {
			querystring: Type.Object({ all: Type.Optional(Type.Boolean()) }),
			response: { 200: Type.Array(ContainerSummary) },
		},
		config: { errors: [500] },
		handler: async ({ query }) => (await containers.list(query.all === true)).map(presentSummary),
	});

	app.route({
		method: 'POST',
		url: '/containers/create',
		schema: { body: CreateConfig, response: { 201: IdResponse } },
		/** Copies what the image has into empty volumes. */
		config: { errors: [404, 500], slow: true },
		handler: async ({ body }, reply) =>
			reply.code(201).send({ id: await newContainers.create(containerOf(body), joiningsOf(body)) }),
	});

	app.route({
		method: 'DELETE',
		url: '/containers/:container_id',
		schema: { params: Ident, response: { 200: IdResponse } },
		config: { errors: [404, 409, 500], slow: true },
		handler: async ({ params }) => ({ id: await containers.remove(params.container_id) }),
	});

	app.route({
		method: 'POST',
		url: '/containers/prune',
		schema: { response: { 200: IdListResponse } },
		config: { errors: [500], slow: true },
		handler: () => containers.prune(),
	});

	app.route({
		method: 'POST',
		url: '/containers/:container_id/update',
		schema: { params: Ident, body: ContainerConfig, response: { 201: UpdateResponse } },
		config: { errors: [404, 409, 500] },
		handler: async ({ params, body }, reply) => {
			const { id, pending } = await containers.update(params.container_id, changeOf(body));
			return reply.code(201).send({ id, ...(pending.length > 0 ? { pending: [...pending] } : {}) });
		},
	});

	lifecycleRoutes(app, engine);
	runRoute(app, newContainers, log);
}

function lifecycleRoutes(app: App, { containers, endpoints }: Engine): void {
	app.route({
		method: 'POST',
		url: '/containers/:container_id/stop',
		schema: {
			params: Ident,
			/** Ours: seconds between asking the processes to end and ending them. */
			querystring: Type.Object({
				...DryRunQuery.properties,
				grace: Type.Optional(Type.Number({ minimum: 0, maximum: 86_400 })),
			}),
			response: { 200: Type.Union([PlanResponse, IdResponse]) },
		},
		config: { errors: [404, 500], slow: true },
		handler: async ({ params, query }) => {
			if (query.dry_run) return { plan: await containers.describeStop(params.container_id) };
			const grace = query.grace === undefined ? undefined : query.grace * 1000;
			return { id: await containers.stop(params.container_id, grace) };
		},
	});

	app.route({
		method: 'GET',
		url: '/containers/:container_id/inspect',
		schema: { params: Ident, response: { 200: ContainerInspect } },
		config: { errors: [404, 500] },
		handler: async ({ params }) => {
			const details = containers.inspect(params.container_id);
			const { endpoints: own, ...state } = details;
			return {
				container: presentContainer(state),
				container_endpoints: own.map((endpoint) => presentEndpoint(endpoint, endpoints.macOf(endpoint))),
				container_mountpoints: presentMounts(state.container),
				container_health: presentHealth(details),
			};
		},
	});
}

/** Ours. Attached, it is a WebSocket on the same path. */
function runRoute(app: App, newContainers: Engine['newContainers'], log: Logger): void {
	app.route({
		method: 'POST',
		url: '/containers/run',
		schema: {
			body: RunConfig,
			querystring: DryRunQuery,
			response: { 200: PlanResponse, 201: RunResponse },
			description: RUN_DESCRIPTION,
		},
		config: { errors: [404, 409, 500], slow: true },
		handler: async ({ body, query }, reply) => {
			const request = runOf(body, { stdin: false });
			if (query.dry_run) return reply.code(200).send({ plan: await newContainers.plan(request) });
			const { container: id, execution, session } = await newContainers.run(request, { attach: false }, () => {});
			session.ended.catch((error: unknown) => log.error({ error: messageOf(error) }, 'lost a detached process'));
			return reply.code(201).send({ id, exec_id: execution });
		},
	});
}

const RUN_DESCRIPTION =
	'Ours: creates a container, connects it to its networks and starts it. When a part fails, nothing is left. As a WebSocket ' +
	'(first frame: RunAttachedConfig, subprotocol kleene.streams), the client is attached to its first process: frames are ' +
	'those of /exec/start, and the starting frame has container_id and exec_id.';

/** A key that is absent or null means "unchanged": `klee rename` sends the name alone. */
function changeOf(body: ContainerConfig): ContainerChange {
	const change = {
		name: body.name,
		cmd: body.cmd,
		user: body.user,
		env: body.env,
		jailParam: body.jail_param,
		restartPolicy: body.restart_policy,
		persist: body.persist,
		options: body.options && optionsOf(body.options),
	};
	return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
}
