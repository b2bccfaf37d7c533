import { hostEnd } from '#model/cable.ts';
import type { InterfaceCounters, Tracking } from '#model/traffic/flow.ts';
import type { EngineContext } from '../../context.ts';

/** Packets of an endpoint, as its container sees them: what it received and sent. */
export interface EndpointCounters extends Omit<InterfaceCounters, 'interface'> {
	readonly endpoint: string;
	readonly container: string;
	readonly network: string;
}

/** Packets per endpoint, since its container was started. Interfaces are counted by the kernel: it costs nothing before. */
export class CounterOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** How full the connection tracking of the host is. */
	tracking(): Promise<Tracking | undefined> {
		return this.#context.driver.traffic.tracking();
	}

	/** Of endpoints with a cable: those of running containers. */
	async list(): Promise<EndpointCounters[]> {
		const { store, driver } = this.#context;
		const counted = new Map((await driver.traffic.counters()).map((one) => [one.interface, one]));
		return store.networks
			.list()
			.flatMap(({ id }) => store.endpoints.ofNetwork(id))
			.flatMap(({ id, containerId, networkId, epair }) => {
				const own = epair === null ? undefined : counted.get(hostEnd(epair));
				if (!own) return [];
				// The end on the host receives what the container sends.
				return [
					{
						endpoint: id,
						container: containerId,
						network: networkId,
						receivedBytes: own.sentBytes,
						receivedPackets: own.sentPackets,
						sentBytes: own.receivedBytes,
						sentPackets: own.receivedPackets,
						dropped: own.dropped,
					},
				];
			});
	}
}
