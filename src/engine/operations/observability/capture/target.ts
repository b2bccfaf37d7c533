import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import { hostEnd, innerEnd } from '#model/cable.ts';
import type { Container } from '#model/container.ts';
import { addressesOf } from '#model/endpoint.ts';
import { parsePortRange } from '#model/port.ts';
import {
	bothFilters,
	type CapturedInterface,
	type CapturedPort,
	describePort,
	eitherFilter,
	parseCapturedPort,
	protocolsOf,
} from '#model/traffic/capture.ts';
import type { EngineContext } from '../../../context.ts';
import { findContainer, findNetwork } from '../../../identify.ts';
import type { Runs } from '../../container/runs.ts';

/** Place where packets are captured. */
export interface CaptureTarget {
	/** E.g. `container web`. */
	readonly title: string;
	/** Id, where it is in the stack of a container. */
	readonly container: string | undefined;
	readonly interfaces: readonly CapturedInterface[];
	/** Descriptions of interfaces by name. */
	readonly descriptions: ReadonlyMap<string, string>;
	/** Containers with whose end it ends. */
	readonly watched: readonly Container[];
	/** Id of the network with whose removal it ends. */
	readonly network: string | undefined;
}

/** Finds the place of a capture by the name that a user gives: CONTAINER, NETWORK or PORT. */
export class CaptureTargets {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	/**
	 * @param identifier a number alone is a port where a running container publishes it, else a name or id
	 * @throws NO_SUCH_CONTAINER, NO_SUCH_NETWORK, NO_SUCH_OBJECT, CONTAINER_NOT_RUNNING, DRIVER_REFUSED
	 */
	async find(identifier: string): Promise<CaptureTarget> {
		const port = parseCapturedPort(identifier);
		if (port) {
			const target = await this.#port(port);
			if (target) return target;
			if (port.protocol !== undefined) throw notPublished(port);
		}
		try {
			return this.#container(findContainer(this.#context.store, identifier));
		} catch (error) {
			if (!isKleeneError(error) || error.code !== 'NO_SUCH_CONTAINER') throw error;
		}
		try {
			return this.#network(identifier);
		} catch (error) {
			if (port && isKleeneError(error) && error.code === 'NO_SUCH_NETWORK') throw notPublished(port);
			throw error;
		}
	}

	#container(container: Container): CaptureTarget {
		const { id, name, networkDriver } = container;
		const what = `cannot capture packets of container ${name}`;
		if (networkDriver === 'host')
			throw new KleeneError({
				code: 'DRIVER_REFUSED',
				what,
				why: 'it shares the network of the host',
				hint: 'name a network or a published port, or use tcpdump on the host',
			});
		if (!this.#runs.isRunning(id))
			throw new KleeneError({
				code: 'CONTAINER_NOT_RUNNING',
				what,
				why: 'it is not running',
				hint: `start it with "klee start ${name}"`,
			});
		const { store } = this.#context;
		const descriptions = store.endpoints.ofContainer(id).flatMap((endpoint) => {
			const network = store.networks.get(endpoint.networkId);
			if (!network) return [];
			const own = networkDriver === 'vnet' ? innerEnd(endpoint.position) : network.interface;
			return [[own, `network ${network.name}, ${addressesOf(endpoint).join(', ')}`] as const];
		});
		return {
			title: `container ${name}`,
			container: id,
			interfaces: [],
			descriptions: new Map(descriptions),
			watched: [container],
			network: undefined,
		};
	}

	#network(identifier: string): CaptureTarget {
		const { id, name, interface: device } = findNetwork(this.#context.store, identifier);
		return {
			title: `network ${name}`,
			container: undefined,
			interfaces: [{ name: device, filter: '' }],
			descriptions: new Map([[device, `network ${name}`]]),
			watched: [],
			network: id,
		};
	}

	/** Both sides of the translation: the port on the host where packets arrive, that of the container on its cable. */
	async #port(wanted: CapturedPort): Promise<CaptureTarget | undefined> {
		const { store } = this.#context;
		const publishing = store.containers
			.list()
			.filter(({ id }) => this.#runs.isRunning(id))
			.map((container) => ({ container, targets: targetsOf(container, wanted) }))
			.filter(({ targets }) => targets.length > 0);
		if (publishing.length === 0) return undefined;
		const cables = publishing.flatMap(({ container, targets }) => this.#cables(container, targets));
		const outside = eitherFilter([...new Set(publishing.flatMap(({ targets }) => targets.map(({ host }) => host)))]);
		const uplinks = (await this.#uplinks()).map((name) => ({ name, filter: outside, description: 'the host' }));
		const all = [...uplinks, ...cables];
		return {
			title: describePort(wanted),
			container: undefined,
			interfaces: all.map(({ name, filter }) => ({ name, filter })),
			descriptions: new Map(all.map(({ name, description }) => [name, description])),
			watched: publishing.map(({ container }) => container),
			network: undefined,
		};
	}

	#cables({ id, name }: Container, targets: readonly PortTarget[]) {
		const { store } = this.#context;
		return store.endpoints.ofContainer(id).flatMap((endpoint) => {
			if (endpoint.epair === null) return [];
			const hosts = addressesOf(endpoint).map((address) => `host ${address}`);
			const filter = bothFilters(eitherFilter(targets.map(({ inside }) => inside)), eitherFilter(hosts));
			const network = store.networks.get(endpoint.networkId)?.name ?? '';
			return [{ name: hostEnd(endpoint.epair), filter, description: `container ${name} on network ${network}` }];
		});
	}

	/** Interfaces of the host with addresses that are not those of networks: where published ports are reached. */
	async #uplinks(): Promise<string[]> {
		const { driver, store } = this.#context;
		const { interfaces } = await driver.observe('addressing');
		const own = new Set(store.networks.list().flatMap((one) => (one.type === 'custom' ? [] : [one.interface])));
		return interfaces
			.filter(({ name, ours, addresses }) => ours !== true && !own.has(name) && addresses.length > 0)
			.map(({ name }) => name);
	}
}

/** Filters for a port on the host, and for the port of the container that it leads to. */
interface PortTarget {
	readonly host: string;
	readonly inside: string;
}

function targetsOf({ publicPorts }: Container, wanted: CapturedPort): PortTarget[] {
	return publicPorts.flatMap((published) => {
		const { first, last, targetFirst } = parsePortRange(published);
		const { protocol } = published;
		if (!protocolsOf(wanted).includes(protocol) || wanted.port < first || wanted.port > last) return [];
		const inside = targetFirst + wanted.port - first;
		return [{ host: `${protocol} port ${wanted.port}`, inside: `${protocol} port ${inside}` }];
	});
}

function notPublished(port: CapturedPort): KleeneError {
	return new KleeneError({
		code: 'NO_SUCH_OBJECT',
		what: `cannot capture packets of ${describePort(port)}`,
		why: 'no running container publishes it',
		hint: 'see "klee container ls" for published ports, or name a container or network',
	});
}
