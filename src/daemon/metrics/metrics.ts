/**
 * Numbers for Prometheus. prom-client is loaded, and requests and events are counted, from the first time on that somebody
 * asks for them: until then they cost nothing.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine } from '#engine/engine.ts';
import type { EngineEvent, EventsMissed } from '#engine/events.ts';
import { isKleeneError } from '#errors/kleene-error.ts';

/** Seconds: from reads of a millisecond to pulls and builds. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export interface Request {
	/** E.g. `GET`. */
	readonly method: string;
	/** With its parameters by name, e.g. `/networks/:network_id`. */
	readonly route: string;
	readonly status: number;
	readonly seconds: number;
}

export class Metrics {
	readonly #engine: Engine;
	readonly #registry = new Registry();
	readonly #requests: Histogram;
	readonly #restarts: Counter;
	readonly #events: Counter;

	constructor(engine: Engine) {
		this.#engine = engine;
		const registers = [this.#registry];
		collectDefaultMetrics({ register: this.#registry });
		this.#requests = new Histogram({
			name: 'kleene_request_duration_seconds',
			help: 'Duration of requests to the API, which are the operations of the daemon',
			labelNames: ['method', 'route', 'status'],
			buckets: BUCKETS,
			registers,
		});
		this.#restarts = new Counter({
			name: 'kleene_container_restarts_total',
			help: 'Restarts of containers that ended by themselves',
			labelNames: ['container'],
			registers,
		});
		this.#events = new Counter({
			name: 'kleene_events_total',
			help: 'Events by kind, e.g. container-started, firewall-restored',
			labelNames: ['kind'],
			registers,
		});
		void this.#count();
	}

	get contentType(): string {
		return this.#registry.contentType;
	}

	observe({ method, route, status, seconds }: Request): void {
		this.#requests.observe({ method, route, status }, seconds);
	}

	async text(): Promise<string> {
		await this.#look();
		return this.#registry.metrics();
	}

	async #count(): Promise<void> {
		for await (const event of this.#engine.events.subscribe()) this.#countEvent(event);
	}

	#countEvent(event: EngineEvent | EventsMissed): void {
		if (event.kind === 'events-missed') return;
		this.#events.inc({ kind: event.kind });
		if (event.kind === 'container-restarting') this.#restarts.inc({ container: event.name });
	}

	/** One pass over the store and one over the counters of the kernel, whatever the number of containers. */
	async #look(): Promise<void> {
		const { observability } = this.#engine;
		const { networks, containers } = await observability.topology.show();
		this.#set('kleene_networks', 'Networks', [], [[{}, networks.length]]);
		const running = containers.filter((container) => container.running).length;
		this.#set(
			'kleene_containers',
			'Containers by state',
			['state'],
			[
				[{ state: 'running' }, running],
				[{ state: 'stopped' }, containers.length - running],
			],
		);
		const named = new Map<string, string>();
		for (const { id, name } of networks) named.set(id, name);
		for (const { container } of containers) named.set(container.id, container.name);
		await this.#lookAtTraffic(named);
		const tracking = await optional(observability.counters.tracking());
		if (!tracking) return;
		this.#set('kleene_conntrack_entries', 'Connections that the host tracks', [], [[{}, tracking.entries]]);
		this.#set('kleene_conntrack_limit', 'Most connections that the host can track', [], [[{}, tracking.limit]]);
	}

	async #lookAtTraffic(named: ReadonlyMap<string, string>): Promise<void> {
		const all = (await optional(this.#engine.observability.counters.list())) ?? [];
		const labels = ['container', 'network'];
		const rows = (count: (one: (typeof all)[number]) => number) =>
			all.map((one): [Labels, number] => [
				{ container: named.get(one.container) ?? one.container, network: named.get(one.network) ?? one.network },
				count(one),
			]);
		const total = (name: string, help: string, count: (one: (typeof all)[number]) => number) =>
			this.#set(`kleene_endpoint_${name}_total`, help, labels, rows(count));
		total('receive_bytes', 'Bytes that a container received from a network', (one) => one.receivedBytes);
		total('receive_packets', 'Packets that a container received from a network', (one) => one.receivedPackets);
		total('transmit_bytes', 'Bytes that a container sent to a network', (one) => one.sentBytes);
		total('transmit_packets', 'Packets that a container sent to a network', (one) => one.sentPackets);
		total('drop', 'Packets that the cable of a container did not take', (one) => one.dropped);
	}

	/** What is gone has no line any more. Totals of the kernel are gauges to prom-client, which would count by itself. */
	#set(name: string, help: string, labelNames: string[], values: readonly (readonly [Labels, number])[]): void {
		const known = this.#registry.getSingleMetric(name) as Gauge | undefined;
		const gauge = known ?? new Gauge({ name, help, labelNames, registers: [this.#registry] });
		gauge.reset();
		for (const [labels, value] of values) gauge.set(labels, value);
	}
}

type Labels = Readonly<Record<string, string>>;

/** Undefined where the host does not count that. */
async function optional<T>(asked: Promise<T>): Promise<T | undefined> {
	try {
		return await asked;
	} catch (error) {
		if (isKleeneError(error) && error.code === 'UNSUPPORTED_HERE') return undefined;
		throw error;
	}
}
