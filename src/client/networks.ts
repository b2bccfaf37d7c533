import type { EndPointConfig } from '#api/endpoints.ts';
import type { Network, NetworkConfig, NetworkInspect } from '#api/networks.ts';
import type { IdResponse } from '#api/shapes.ts';
import type { Call, HttpTransport } from './http.ts';
import { plan } from './plan.ts';

/** A container's place in a network, by identifiers. */
export interface Membership {
	readonly network: string;
	readonly container: string;
}

export interface NetworksClient {
	list(): Promise<Network[]>;
	/** @returns the id */
	create(config: NetworkConfig): Promise<string>;
	inspect(network: string): Promise<NetworkInspect>;
	/** @returns the full id */
	remove(network: string): Promise<string>;
	/** @returns the ids of the networks that had no endpoint and are gone */
	prune(): Promise<string[]>;
	connect(config: EndPointConfig): Promise<void>;
	disconnect(membership: Membership): Promise<void>;
	/** The same verbs, changing nothing. */
	readonly plan: NetworkPlans;
}

/** Plan, one host command per line. */
export interface NetworkPlans {
	create(config: NetworkConfig): Promise<string[]>;
	remove(network: string): Promise<string[]>;
	prune(): Promise<string[]>;
	connect(config: EndPointConfig): Promise<string[]>;
	disconnect(membership: Membership): Promise<string[]>;
}

const calls = {
	create: (config: NetworkConfig): Call => ({
		method: 'POST',
		path: ['networks', 'create'],
		body: config,
		doing: `create network ${config.name}`,
	}),
	remove: (network: string): Call => ({
		method: 'DELETE',
		path: ['networks', network],
		doing: `remove network ${network}`,
	}),
	prune: (): Call => ({ method: 'POST', path: ['networks', 'prune'], doing: 'remove unused networks' }),
	connect: (config: EndPointConfig): Call => ({
		method: 'POST',
		path: ['networks', 'connect'],
		body: config,
		doing: `connect ${config.container} to network ${config.network}`,
	}),
	disconnect: ({ network, container }: Membership): Call => ({
		method: 'POST',
		path: ['networks', network, 'disconnect', container],
		doing: `disconnect ${container} from network ${network}`,
	}),
};

export function networksClient(http: HttpTransport): NetworksClient {
	return {
		list: () => http.call<Network[]>({ method: 'GET', path: ['networks', 'list'], doing: 'list networks' }),
		create: async (config) => (await http.call<IdResponse>(calls.create(config))).id,
		inspect: (network) =>
			http.call<NetworkInspect>({
				method: 'GET',
				path: ['networks', network, 'inspect'],
				doing: `inspect network ${network}`,
			}),
		remove: async (network) => (await http.call<IdResponse>(calls.remove(network))).id,
		prune: () => http.call<string[]>(calls.prune()),
		connect: (config) => http.call<void>(calls.connect(config)),
		disconnect: (membership) => http.call<void>(calls.disconnect(membership)),
		plan: {
			create: (config) => plan(http, calls.create(config)),
			remove: (network) => plan(http, calls.remove(network)),
			prune: () => plan(http, calls.prune()),
			connect: (config) => plan(http, calls.connect(config)),
			disconnect: (membership) => plan(http, calls.disconnect(membership)),
		},
	};
}
