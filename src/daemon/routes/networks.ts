import Type from 'typebox';
import { EndPointConfig } from '#api/endpoints.ts';
import { Network, NetworkConfig, NetworkInspect } from '#api/networks.ts';
import { DryRunQuery, IdListResponse, IdResponse, PlanResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Network as Model } from '#model/network.ts';
import type { App } from '../http.ts';
import { presentEndpoint, presentNetwork } from '../present.ts';
import { joiningOf, networkOf } from '../requests.ts';

const Ident = Type.Object({ network_id: Type.String() });
const dryRunOf = (query: { dry_run?: boolean }) => ({ dryRun: query.dry_run === true });

export function networkRoutes(app: App, { networks, endpoints }: Engine): void {
	const present = (network: Model) => presentNetwork(network, networks.natInterface(network));
	const presentMember = (endpoint: Endpoint) => presentEndpoint(endpoint, endpoints.macOf(endpoint));

	app.route({
		method: 'GET',
		url: '/networks/list',
		schema: { response: { 200: Type.Array(Network) } },
		config: { errors: [500] },
		handler: async () => networks.list().map(present),
	});

	app.route({
		method: 'POST',
		url: '/networks/create',
		schema: { body: NetworkConfig, querystring: DryRunQuery, response: { 200: PlanResponse, 201: IdResponse } },
		config: { errors: [409, 500] },
		handler: async ({ body, query }, reply) => {
			const { id, plan } = await networks.create(networkOf(body), dryRunOf(query));
			return plan ? reply.code(200).send({ plan: [...plan] }) : reply.code(201).send({ id });
		},
	});

	app.route({
		method: 'DELETE',
		url: '/networks/:network_id',
		schema: { params: Ident, querystring: DryRunQuery, response: { 200: Type.Union([PlanResponse, IdResponse]) } },
		config: { errors: [404, 500] },
		handler: async ({ params, query }) => {
			const { id, plan } = await networks.remove(params.network_id, dryRunOf(query));
			return plan ? { plan: [...plan] } : { id };
		},
	});

	app.route({
		method: 'POST',
		url: '/networks/prune',
		schema: { querystring: DryRunQuery, response: { 200: Type.Union([PlanResponse, IdListResponse]) } },
		config: { errors: [500] },
		handler: async ({ query }) => {
			const { ids, plan } = await networks.prune(dryRunOf(query));
			return plan ? { plan } : ids;
		},
	});

	app.route({
		method: 'GET',
		url: '/networks/:network_id/inspect',
		schema: { params: Ident, response: { 200: NetworkInspect } },
		config: { errors: [404, 500] },
		handler: async ({ params }) => {
			const { network, endpoints } = networks.inspect(params.network_id);
			return { network: present(network), network_endpoints: endpoints.map(presentMember) };
		},
	});

	endpointRoutes(app, endpoints);
}

function endpointRoutes(app: App, endpoints: Engine['endpoints']): void {
	app.route({
		method: 'POST',
		url: '/networks/connect',
		schema: { body: EndPointConfig, querystring: DryRunQuery, response: { 200: PlanResponse, 204: Type.Null() } },
		config: { errors: [404, 409, 500] },
		handler: async ({ body, query }, reply) => {
			const dryRun = dryRunOf(query);
			const plan = await endpoints.connect({ container: body.container, ...joiningOf(body) }, dryRun);
			return dryRun.dryRun ? reply.code(200).send({ plan }) : reply.code(204).send(null);
		},
	});

	app.route({
		method: 'POST',
		url: '/networks/:network_id/disconnect/:container_id',
		schema: {
			params: Type.Object({ network_id: Type.String(), container_id: Type.String() }),
			querystring: DryRunQuery,
			response: { 200: PlanResponse, 204: Type.Null() },
		},
		config: { errors: [404, 500] },
		handler: async ({ params, query }, reply) => {
			const dryRun = dryRunOf(query);
			const request = { network: params.network_id, container: params.container_id };
			const plan = await endpoints.disconnect(request, dryRun);
			return dryRun.dryRun ? reply.code(200).send({ plan }) : reply.code(204).send(null);
		},
	});
}
