import type { HealthStatus } from '#model/container/health.ts';
import type { RunEnd } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { Freed } from '#store/changes.ts';
import type { Logger } from './logger.ts';

/** Events and their data. Objects are named by their ids, volumes by their names. */
interface EventFields {
	'network-created': { readonly network: string; readonly name: string; readonly interface: string };
	'network-removed': { readonly network: string; readonly name: string };
	'image-created': { readonly image: string; readonly name: string; readonly tag: string };
	'image-removed': { readonly image: string; readonly name: string; readonly tag: string };
	'volume-created': { readonly volume: string };
	'volume-removed': { readonly volume: string };
	'container-created': { readonly container: string; readonly name: string; readonly image: string };
	/** Its first process runs. */
	'container-started': { readonly container: string; readonly name: string };
	/** Nothing of its run is left on the host. Code and reason: see `RunEnd`. */
	'container-stopped': {
		readonly container: string;
		readonly name: string;
		readonly code: number | null;
		readonly reason: RunEnd['reason'];
	};
	/** It ended by itself, and is started again in so many milliseconds: the restart of this number. */
	'container-restarting': {
		readonly container: string;
		readonly name: string;
		readonly restart: number;
		readonly delay: number;
	};
	/** Its settings changed, e.g. its name. */
	'container-updated': { readonly container: string; readonly name: string };
	/** Its checks came to another result than before. */
	'container-health': {
		readonly container: string;
		readonly name: string;
		readonly health: HealthStatus;
	};
	/** It went on running while no daemon ran. */
	'container-adopted': { readonly container: string; readonly name: string };
	'container-removed': { readonly container: string; readonly name: string };
	'endpoint-connected': EndpointIds & { readonly addresses: readonly string[] };
	'endpoint-disconnected': EndpointIds;
	/** By a DHCP server; without an IPv4 address when the lease has ended. */
	'endpoint-address-changed': EndpointIds & { readonly addresses: readonly string[] };
	/** Somebody else had changed the rules on the host: as many parts were made again. */
	'firewall-restored': { readonly parts: number };
	/** Names of interfaces, `''` for none. */
	'default-route-moved': { readonly before: string; readonly now: string };
	/** Operations begun by an earlier daemon, or before the host was lost, are undone or finished. */
	'plan-recovered': { readonly subject: string; readonly mode: 'build' | 'teardown' };
	'finding-repaired': { readonly subject: string; readonly found: string };
}

interface EndpointIds {
	readonly endpoint: string;
	readonly container: string;
	readonly network: string;
}

export type EventKind = keyof EventFields;

/** An event without its time. */
export type EventBody = { [K in EventKind]: { readonly kind: K } & EventFields[K] }[EventKind];

/** An event as subscribers get it. `at`: see `EngineContext.timestamp`. */
export type EngineEvent = EventBody & { readonly at: string };

/** More happened than a subscriber took: what it knows may be out of date. */
export interface EventsMissed {
	readonly kind: 'events-missed';
	/** Undefined: not known, as they happened before the first that is remembered. */
	readonly count?: number;
}

/** Lines of the log. */
const LINES: { readonly [K in EventKind]: readonly ['info' | 'warn', string] } = {
	'network-created': ['info', 'network created'],
	'network-removed': ['info', 'network removed'],
	'image-created': ['info', 'image created'],
	'image-removed': ['info', 'image removed'],
	'volume-created': ['info', 'volume created'],
	'volume-removed': ['info', 'volume removed'],
	'container-created': ['info', 'container created'],
	'container-started': ['info', 'container started'],
	'container-stopped': ['info', 'container stopped'],
	'container-restarting': ['info', 'container is restarted'],
	'container-updated': ['info', 'container updated'],
	'container-health': ['info', 'health of the container changed'],
	'container-adopted': ['info', 'container went on running; adopted'],
	'container-removed': ['info', 'container removed'],
	'endpoint-connected': ['info', 'container connected to network'],
	'endpoint-disconnected': ['info', 'container disconnected from network'],
	'endpoint-address-changed': ['info', 'address of the container changed'],
	'firewall-restored': ['warn', 'the firewall of Kleene was changed from outside and is restored'],
	'default-route-moved': ['info', "the host's default route moved"],
	'plan-recovered': ['warn', 'recovered an interrupted plan'],
	'finding-repaired': ['warn', 'repaired'],
};

export const EVENT_KINDS = Object.keys(LINES) as EventKind[];

/** Events that wait for a subscriber at most. */
const MOST_WAITING = 1000;

/** Events that are remembered. */
const MOST_REMEMBERED = 4096;
/** Removed at once, as removing each by itself costs more. */
const MOST_EXCESS = 512;

export interface SubscribeOptions {
	/** Events that wait for the subscriber at most. */
	readonly most?: number;
	/** Begin with what happened at this time or later, as far as it is remembered. ISO 8601, UTC. */
	readonly since?: string | undefined;
}

/** Events of a change in the store; a start is reported when the first process runs. */
export function eventBodiesOf(
	change: StoreChange,
	{ networks, images, volumes, containers, endpoints, stopped }: Freed,
): EventBody[] {
	switch (change.kind) {
		case 'network-created': {
			const { id, name, interface: device } = change.network;
			return [{ kind: change.kind, network: id, name, interface: device }];
		}
		case 'network-removed':
			return networks.map(({ id, name }) => ({ kind: change.kind, network: id, name }));
		case 'image-created': {
			const { id, name, tag } = change.image;
			return [{ kind: change.kind, image: id, name, tag }];
		}
		case 'image-removed':
			return images.map(({ id, name, tag }) => ({ kind: change.kind, image: id, name, tag }));
		case 'volume-created':
			return change.tentative ? [] : [{ kind: change.kind, volume: change.volume.name }];
		case 'volume-removed':
			return change.neverCreated ? [] : volumes.map(({ name }) => ({ kind: change.kind, volume: name }));
		case 'container-created': {
			const { id, name, imageId } = change.container;
			return change.tentative ? [] : [{ kind: change.kind, container: id, name, image: imageId }];
		}
		case 'container-removed':
			return change.neverCreated ? [] : containers.map(({ id, name }) => ({ kind: change.kind, container: id, name }));
		case 'endpoint-removed':
			return change.neverConnected ? [] : endpoints.map((one) => ({ kind: 'endpoint-disconnected', ...idsOf(one) }));
		case 'run-ended': {
			const { code = null, reason = 'killed' } = change.end ?? {};
			return stopped.map(({ id, name }) => ({ kind: 'container-stopped', container: id, name, code, reason }));
		}
		case 'layer-created':
		case 'layer-removed':
		case 'root-committed':
		case 'run-started':
		case 'start-failed':
		case 'parts-joined':
		case 'parts-left':
		case 'default-route-preferred':
			return [];
	}
}

export function idsOf({ id, containerId, networkId }: Endpoint): EndpointIds {
	return { endpoint: id, container: containerId, network: networkId };
}

/** Reports each event once, to the log and to all subscribers. */
export class Events {
	readonly #log: Logger;
	readonly #timestamp: () => string;
	readonly #subscriptions = new Set<Subscription>();
	#remembered: EngineEvent[] = [];
	/** Everything from this time on is remembered. */
	#horizon: string;

	constructor(log: Logger, timestamp: () => string) {
		this.#log = log;
		this.#timestamp = timestamp;
		this.#horizon = timestamp();
	}

	tell(body: EventBody): void {
		const { kind, ...fields } = body;
		const [level, message] = LINES[kind];
		this.#log[level]({ event: kind, ...fields }, message);
		const event = { ...body, at: this.#timestamp() };
		this.#remember(event);
		for (const subscription of this.#subscriptions) subscription.push(event);
	}

	/** Events from now on, and those since a time before, until the subscription is closed. */
	subscribe({ most = MOST_WAITING, since }: SubscribeOptions = {}): Subscription {
		const subscription = new Subscription(most, () => this.#subscriptions.delete(subscription), this.#past(since));
		this.#subscriptions.add(subscription);
		return subscription;
	}

	#remember(event: EngineEvent): void {
		this.#remembered.push(event);
		if (this.#remembered.length < MOST_REMEMBERED + MOST_EXCESS) return;
		this.#remembered.splice(0, MOST_EXCESS);
		this.#horizon = this.#remembered[0]?.at ?? event.at;
	}

	#past(since: string | undefined): (EngineEvent | EventsMissed)[] {
		if (since === undefined) return [];
		const past = this.#remembered.filter(({ at }) => at >= since);
		return since < this.#horizon ? [{ kind: 'events-missed' }, ...past] : past;
	}
}

/**
 * Events in the order in which they happened: `for await (const event of subscription)`, by one reader. Where more would
 * wait than may, those that wait are dropped, and the reader gets an `events-missed` in their place.
 */
export class Subscription implements AsyncIterable<EngineEvent | EventsMissed> {
	readonly #most: number;
	readonly #leave: () => void;
	readonly #past: readonly (EngineEvent | EventsMissed)[];
	#waiting: EngineEvent[] = [];
	#missed = 0;
	#closed = false;
	#wake: () => void = () => {};

	/** @param past what the reader gets first */
	constructor(most: number, leave: () => void, past: readonly (EngineEvent | EventsMissed)[] = []) {
		this.#most = most;
		this.#leave = leave;
		this.#past = past;
	}

	push(event: EngineEvent): void {
		if (this.#waiting.length >= this.#most) {
			this.#missed += this.#waiting.length;
			this.#waiting = [];
		}
		this.#waiting.push(event);
		this.#wake();
	}

	/** The reader gets what waits, and no more. */
	close(): void {
		this.#closed = true;
		this.#leave();
		this.#wake();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<EngineEvent | EventsMissed> {
		try {
			yield* this.#past;
			while (true) {
				const { promise, resolve } = Promise.withResolvers<void>();
				this.#wake = resolve;
				yield* this.#take();
				if (this.#waiting.length > 0 || this.#missed > 0) continue;
				if (this.#closed) return;
				await promise;
			}
		} finally {
			this.close();
		}
	}

	#take(): (EngineEvent | EventsMissed)[] {
		const taken = [
			...(this.#missed > 0 ? [{ kind: 'events-missed', count: this.#missed } as const] : []),
			...this.#waiting,
		];
		this.#missed = 0;
		this.#waiting = [];
		return taken;
	}
}
