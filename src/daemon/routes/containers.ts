import Type from 'typebox';
import { ContainerConfig, ContainerInspect, ContainerSummary } from '#api/containers.ts';
import { RunConfig } from '#api/runs.ts';
import { DryRunOnly, DryRunQuery, IdListResponse, IdResponse, PlanResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { ContainerChange } from '#engine/operations/container/containers.ts';
import type { ContainerRequest } from '#engine/operations/container/creations.ts';
import type { App } from '../http.ts';
import { joiningOf } from '../joining.ts';
import { presentContainer, presentEndpoint, presentMounts, presentSummary } from '../present.ts';

const Ident = Type.Object({ container_id: Type.String() });

export function containerRoutes(app: App, engine: Engine): void {
	const { containers, dryRuns } = engine;
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
		schema: { body: ContainerConfig, response: { 201: IdResponse } },
		/** Copies what the image has into empty volumes. */
		config: { errors: [404, 500], slow: true },
		handler: async ({ body }, reply) => reply.code(201).send({ id: await containers.create(requestOf(body)) }),
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
		schema: { params: Ident, body: ContainerConfig, response: { 201: IdResponse } },
		config: { errors: [404, 409, 500] },
		handler: async ({ params, body }, reply) =>
			reply.code(201).send({ id: await containers.update(params.container_id, changeOf(body)) }),
	});

	lifecycleRoutes(app, engine);
	dryRunRoutes(app, dryRuns);
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
			const { endpoints: own, ...state } = containers.inspect(params.container_id);
			return {
				container: presentContainer(state),
				container_endpoints: own.map((endpoint) => presentEndpoint(endpoint, endpoints.macOf(endpoint))),
				container_mountpoints: presentMounts(state.container),
			};
		},
	});
}

/** Ours. To run for real takes a stream: create the container, connect it, and start an execution instance. */
function dryRunRoutes(app: App, dryRuns: Engine['dryRuns']): void {
	app.route({
		method: 'POST',
		url: '/containers/run',
		schema: { body: RunConfig, querystring: DryRunOnly, response: { 200: PlanResponse } },
		config: { errors: [404, 409, 500] },
		handler: async ({ body }) => {
			const { endpoint, execution } = body;
			const command = { ...execution, stdin: false };
			const joining = endpoint && { joining: joiningOf(endpoint) };
			return { plan: await dryRuns.run({ container: requestOf(body.container), command, ...joining }) };
		},
	});
}

function requestOf(body: ContainerConfig): ContainerRequest {
	return {
		name: body.name ?? undefined,
		image: body.image ?? '',
		cmd: body.cmd ?? [],
		user: body.user ?? '',
		env: body.env ?? [],
		mounts: (body.mounts ?? []).map(({ read_only, ...mount }) => ({ ...mount, readOnly: read_only ?? false })),
		jailParam: body.jail_param ?? [],
		networkDriver: body.network_driver ?? 'ipnet',
		publicPorts: (body.public_ports ?? []).map((port) => ({
			interfaces: port.interfaces,
			hostPort: port.host_port,
			containerPort: port.container_port,
			protocol: port.protocol ?? 'tcp',
		})),
		publishFrom: body.publish_from ?? [],
		restartPolicy: body.restart_policy ?? 'no',
		persist: body.persist ?? false,
		bandwidth: body.bandwidth ?? 0,
	};
}

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
	};
	return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
}
