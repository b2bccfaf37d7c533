import { setImmediate } from 'node:timers/promises';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostCapture, HostTraffic } from '#host/driver/traffic.ts';
import type { CaptureRequest } from '#model/traffic/capture.ts';
import type { Flow, FlowChange, InterfaceCounters, Tracking } from '#model/traffic/flow.ts';
import { listConnected } from '#os/linux/netlink/connected-sockets.ts';
import { Conntrack } from '#os/linux/netlink/filter/conntrack.ts';
import { watchConnections } from '#os/linux/netlink/filter/flow-feed.ts';
import { listCounters } from '#os/linux/netlink/link/counters.ts';
import { HostSettings } from '../network/sysctl.ts';
import { beginCapture } from './capture.ts';
import { flowOfSocket, flowOfTracked } from './flows.ts';
import { RefusalReports, type ReportingFirewall } from './refusals.ts';

/** Counts packets and bytes of connections that begin from then on. Each namespace has its own. */
const COUNT_FLOWS = ['net/netfilter/nf_conntrack_acct', 1] as const;

/** Containers whose sockets are looked at in one turn of the event loop. */
const PER_TURN = 20;

/** Looks at packets: tracked connections, sockets, counters. */
export class LinuxTraffic implements HostTraffic {
	readonly watchRefusals: HostTraffic['watchRefusals'];
	readonly #hostNamespace: number | undefined;
	readonly #stackOf: (container: string) => number | undefined;
	#counts = false;

	/**
	 * @param hostNamespace descriptor; undefined: the namespace of the daemon
	 * @param firewall reports what it refuses
	 * @param stackOf descriptor of the network stack of a container; undefined where it has ended
	 */
	constructor(
		hostNamespace: number | undefined,
		stackOf: (container: string) => number | undefined,
		firewall: ReportingFirewall,
	) {
		const refusals = new RefusalReports(hostNamespace, firewall);
		this.watchRefusals = (listener, abandoned) => refusals.watch(listener, abandoned);
		this.#hostNamespace = hostNamespace;
		this.#stackOf = stackOf;
	}

	async flows(containers: readonly string[]): Promise<Flow[]> {
		this.#count();
		const flows = this.#tracked();
		for (const [index, container] of containers.entries()) {
			if (index % PER_TURN === PER_TURN - 1) await setImmediate();
			const stack = this.#stackOf(container);
			if (stack !== undefined) flows.push(...listConnected(stack).map(flowOfSocket));
		}
		return flows;
	}

	watchFlows(listener: (change: FlowChange) => void, abandoned: AbortSignal): void {
		this.#count();
		const feed = watchConnections(this.#hostNamespace, {
			began: (flow) => listener({ kind: 'began', flow: flowOfTracked(flow) }),
			changed: (flow) => listener({ kind: 'changed', flow: flowOfTracked(flow) }),
			ended: (flow) => listener({ kind: 'ended', flow: flowOfTracked(flow) }),
			missed: () => listener({ kind: 'missed' }),
		});
		abandoned.addEventListener('abort', () => feed.close(), { once: true });
	}

	async counters(): Promise<InterfaceCounters[]> {
		return listCounters(this.#hostNamespace).map(({ name, ...counters }) => ({ interface: name, ...counters }));
	}

	async tracking(): Promise<Tracking | undefined> {
		const settings = new HostSettings(this.#hostNamespace);
		const read = (name: string) => settings.read(`net/netfilter/nf_conntrack_${name}`);
		const [entries, limit] = [read('count'), read('max')];
		return entries === undefined || limit === undefined ? undefined : { entries, limit };
	}

	async capture(request: CaptureRequest): Promise<HostCapture> {
		if (request.container === undefined) return beginCapture(this.#hostNamespace, request);
		const stack = this.#stackOf(request.container);
		if (stack !== undefined) return beginCapture(stack, request);
		throw new KleeneError({
			code: 'CONTAINER_NOT_RUNNING',
			what: 'cannot capture packets',
			why: 'the container has ended',
			hint: 'start it with "klee start", and try again',
		});
	}

	#tracked(): Flow[] {
		const table = Conntrack.open(this.#hostNamespace);
		try {
			return table.listFlows().map(flowOfTracked);
		} finally {
			table.close();
		}
	}

	/** Only from the first time that somebody looks: it costs each connection some memory. */
	#count(): void {
		if (this.#counts) return;
		new HostSettings(this.#hostNamespace).write(COUNT_FLOWS);
		this.#counts = true;
	}
}
