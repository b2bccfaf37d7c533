import { KleeneError } from '#errors/kleene-error.ts';
import { perFamily } from '#inet/address.ts';
import type { Container } from '#model/container.ts';
import { addressesOf, type Endpoint, macOfEndpoint, parseAliases } from '#model/endpoint.ts';
import { macOf, newId, requireMac } from '#model/ids.ts';
import type { Network } from '#model/network.ts';
import { allocate, isLeased } from '../../allocation/addresses.ts';
import { requireFreeMac } from '../../allocation/mac-addresses.ts';
import type { EngineContext } from '../../context.ts';
import { idsOf } from '../../events.ts';
import { findContainer, findNetwork, requireContainer, requireNetwork } from '../../identify.ts';
import { containerLock, networkLock } from '../../locks.ts';
import type { DryRun } from '../outcome.ts';
import { requireDistinctName } from './distinct-names.ts';
import { occupiedAddresses } from './duplicate-addresses.ts';
import { requireLeasable } from './leases.ts';
import type { LiveEndpoints } from './live-endpoints.ts';

export interface ConnectRequest {
	readonly container: string;
	readonly network: string;
	/** `''`, `<auto>`, `dhcp` or an address. */
	readonly ipAddress: string;
	readonly ipAddress6: string;
	/** Of the inner end; absent: see `macOfEndpoint`. */
	readonly mac?: string;
	/** Prefer this network for the default route. */
	readonly defaultRoute?: boolean;
	/** Further names on this network. */
	readonly aliases?: readonly string[];
	/** See `occupiedAddresses`. */
	readonly occupied?: ReadonlySet<string>;
}

/** Locks are taken network first, then container. */
export class EndpointOperations {
	readonly #context: EngineContext;
	readonly #live: LiveEndpoints;

	constructor(context: EngineContext, live: LiveEndpoints) {
		this.#context = context;
		this.#live = live;
	}

	/** @returns what would be done on the host, for a dry run. */
	connect(request: ConnectRequest, { dryRun }: DryRun): Promise<string[]> {
		const { store, locks, events } = this.#context;
		const container = findContainer(store, request.container);
		const network = findNetwork(store, request.network);
		return locks.run(networkLock(network.id), () =>
			locks.run(containerLock(container.id), async () => {
				const occupied = await occupiedAddresses(this.#context, network, request);
				const ids = { container: container.id, network: network.id };
				const join = () => this.join({ ...request, ...ids, occupied });
				if (dryRun) return this.#live.describeAttach(container, store.dryRun(join));
				const preferred = store.endpoints.ofContainer(container.id).find(({ defaultRoute }) => defaultRoute);
				await this.#live.attach(container, join, preferred);
				const endpoint = store.endpoints.find(container.id, network.id);
				if (endpoint) events.tell({ kind: 'endpoint-connected', ...idsOf(endpoint), addresses: addressesOf(endpoint) });
				return [];
			}),
		);
	}

	disconnect(request: { network: string; container: string }, { dryRun }: DryRun): Promise<string[]> {
		const { store, locks } = this.#context;
		const container = findContainer(store, request.container);
		const network = findNetwork(store, request.network);
		return locks.run(networkLock(network.id), async () => {
			const endpoint = store.endpoints.find(container.id, network.id);
			if (!endpoint)
				throw new KleeneError({
					code: 'NO_SUCH_ENDPOINT',
					what: `cannot disconnect container ${container.name} from network ${network.name}`,
					why: 'endpoint configuration not found: it is not connected to it',
					hint: `see "klee network inspect ${network.name}"`,
					message: 'endpoint configuration not found',
				});
			if (dryRun) return this.describeDisconnect(endpoint);
			await this.disconnectEndpoint(endpoint);
			return [];
		});
	}

	/** For callers that hold the lock of the network. */
	disconnectEndpoint(endpoint: Endpoint): Promise<void> {
		return this.#context.locks.run(containerLock(endpoint.containerId), () => this.#live.detach(endpoint));
	}

	describeDisconnect(endpoint: Endpoint): string[] {
		return this.#live.describeDetach(endpoint);
	}

	/** The MAC address of the inner end; `''` where the container has no cable of its own. */
	macOf(endpoint: Endpoint): string {
		const { store, driver } = this.#context;
		const container = store.containers.get(endpoint.containerId);
		const cable = container?.networkDriver === 'vnet' || driver.facts().ipnetHasEpair;
		return cable ? macOfEndpoint(endpoint) : '';
	}

	/**
	 * The endpoint with its addresses, or the refusal, within the caller's transaction. The host is not touched.
	 *
	 * @param request with the ids of container and network
	 */
	join(request: ConnectRequest): Endpoint {
		const { store } = this.#context;
		const container = requireContainer(store, request.container);
		const network = requireNetwork(store, request.network);
		requireAllowed(container, network);
		this.#requireAnswered(network, request.aliases ?? []);
		this.#requireUnconnected(container, network);
		requireDistinctName(store, container, [network]);
		const leased = isLeased({ family: 4, wanted: request.ipAddress });
		if (leased) requireLeasable(container, network, this.#context.driver.facts());
		const id = newId();
		const taken = new Set(store.endpoints.ofContainer(container.id).map(({ position }) => position));
		let position = 0;
		while (taken.has(position)) position += 1;
		const base = { network, endpoint: id, occupied: request.occupied };
		const four = allocate(store, { ...base, family: 4, wanted: request.ipAddress });
		const six = allocate(store, { ...base, family: 6, wanted: request.ipAddress6 });
		const endpoint: Endpoint = {
			id,
			containerId: container.id,
			networkId: network.id,
			addresses: perFamily(four, six),
			position,
			epair: null,
			// The server knows it by that: it stays, whatever the address is.
			mac: request.mac ? requireMac(request.mac) : leased ? macOf(id) : '',
			defaultRoute: request.defaultRoute === true,
			aliases: parseAliases(request.aliases ?? []),
			leased,
		};
		requireFreeMac(store, network, endpoint);
		if (endpoint.defaultRoute) store.endpoints.clearDefaultRoutes(container.id);
		store.endpoints.insert(endpoint);
		return endpoint;
	}

	/** An alias that nobody would ever answer for is refused. */
	#requireAnswered(network: Network, aliases: readonly string[]): void {
		if (aliases.length === 0 || network.dns) return;
		throw new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what: `cannot use '${aliases[0]?.slice(0, 80)}' as an alias on network ${network.name}`,
			why: 'names are not resolved on it (--no-dns)',
			hint: 'leave --alias out, or use a network with names',
		});
	}

	#requireUnconnected(container: Container, network: Network): void {
		if (!this.#context.store.endpoints.find(container.id, network.id)) return;
		throw new KleeneError({
			code: 'ALREADY_CONNECTED',
			what: `cannot connect container ${container.name} to network ${network.name}`,
			why: 'container already connected to the network',
			hint: `to change its address, run "klee network disconnect ${network.name} ${container.name}" first`,
			message: 'container already connected to the network',
		});
	}
}

/** Which driver may join which type of network. */
function requireAllowed(container: Container, network: Network): void {
	const driver = container.networkDriver;
	const refuse = (message: string, hint: string) =>
		new KleeneError({
			code: 'DRIVER_REFUSED',
			what: `cannot connect container ${container.name} to network ${network.name}`,
			why: message.replace(/\.$/, ''),
			hint,
			message,
		});
	if (driver === 'host' || driver === 'disabled')
		throw refuse(
			`containers with the '${driver}' network-driver cannot connect to networks.`,
			'create the container with "-l vnet" or "-l ipnet"',
		);
	if (driver === 'vnet' && network.type !== 'bridge')
		throw refuse(
			`containers using the 'vnet' network-driver can't connect to ${network.type} networks`,
			'use a network made with "-t bridge", or a container made with "-l ipnet"',
		);
}
