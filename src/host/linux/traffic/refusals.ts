import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { RefusalReason, RefusalReport } from '#model/traffic/refusal.ts';
import { openPacketLog, type PacketLog } from '#os/linux/netlink/filter/packet-log.ts';
import type { ReportedPacket } from '#os/linux/netlink/filter/packet-log-codec.ts';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { refusingOf } from '../firewall/refusals/chains.ts';
import type { RefusalCount } from '../firewall/refusals/counts.ts';
import { protocolName } from './flows.ts';

/** Milliseconds between looks at the counters, while packets are refused. */
const COUNTING = 1000;
/** Milliseconds after which a counted packet was reported, if it is reported at all. */
const REPORTED = 100;
/** Names of interfaces that are kept. */
const MOST_NAMES = 2000;

/** The firewall, as far as it reports what it refuses. */
export interface ReportingFirewall {
	report(group: number | undefined): void;
	refusals(): RefusalCount[];
}

type Listener = (report: RefusalReport) => void;

/**
 * Refused packets, reported by the rules of the firewall to a group of nfnetlink_log that is listened to in this process.
 * The group is chosen, and the rules report, while somebody listens.
 */
export class RefusalReports {
	readonly #hostNamespace: number | undefined;
	readonly #firewall: ReportingFirewall;
	readonly #listeners = new Set<Listener>();
	#session: Session | undefined;

	constructor(hostNamespace: number | undefined, firewall: ReportingFirewall) {
		this.#hostNamespace = hostNamespace;
		this.#firewall = firewall;
	}

	/** @throws UNSUPPORTED_HERE */
	watch(listener: Listener, abandoned: AbortSignal): void {
		if (abandoned.aborted) return;
		this.#session ??= this.#open();
		this.#listeners.add(listener);
		abandoned.addEventListener('abort', () => this.#leave(listener), { once: true });
	}

	#leave(listener: Listener): void {
		this.#listeners.delete(listener);
		if (this.#listeners.size > 0) return;
		this.#session?.close();
		this.#session = undefined;
	}

	#open(): Session {
		try {
			return new Session(this.#hostNamespace, this.#firewall, (report) => {
				for (const listener of this.#listeners) listener(report);
			});
		} catch (error) {
			throw new KleeneError({
				code: 'UNSUPPORTED_HERE',
				what: 'cannot show refused packets',
				why: `the kernel does not report them: ${messageOf(error)}`,
				hint: 'load the module nfnetlink_log with "modprobe nfnetlink_log"',
				cause: error,
			});
		}
	}
}

/** The time from the first listener to the last. */
class Session {
	readonly #firewall: ReportingFirewall;
	readonly #tell: Listener;
	readonly #net: Rtnetlink;
	readonly #log: PacketLog;
	readonly #names = new Map<number, string>([[0, '']]);
	/** Packets by reason: counted before the session, reported in it, and told to be unshown. */
	readonly #before: ReadonlyMap<RefusalReason, number>;
	readonly #reported = new Map<RefusalReason, number>();
	readonly #unshown = new Map<RefusalReason, number>();
	#timer: NodeJS.Timeout | undefined;

	constructor(namespace: number | undefined, firewall: ReportingFirewall, tell: Listener) {
		this.#firewall = firewall;
		this.#tell = tell;
		this.#net = Rtnetlink.open(namespace);
		try {
			this.#log = openPacketLog(namespace, { take: (packet) => this.#take(packet), lost: () => {} });
		} catch (error) {
			this.#net.close();
			throw error;
		}
		try {
			this.#before = this.#counted();
			firewall.report(this.#log.group);
		} catch (error) {
			this.#release();
			throw error;
		}
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		try {
			this.#firewall.report(undefined);
		} catch {
			// Rules that report to nobody are replaced when somebody listens again.
		} finally {
			this.#release();
		}
	}

	#release(): void {
		this.#log.close();
		this.#net.close();
	}

	#take(packet: ReportedPacket): void {
		const refusing = refusingOf(packet.prefix);
		if (!refusing) return;
		add(this.#reported, refusing.reason, 1);
		this.#timer ??= setTimeout(() => this.#count(), COUNTING).unref();
		this.#tell({
			kind: 'refused',
			refusal: {
				...refusing,
				protocol: protocolName(packet.protocol),
				source: { address: packet.source, port: packet.sourcePort },
				destination: { address: packet.destination, port: packet.destinationPort },
				arrived: this.#nameOf(packet.arrived),
				leaving: this.#nameOf(packet.leaving),
			},
		});
	}

	/** What was counted until now is reported a moment later, or never. */
	#count(): void {
		const counted = this.#counted();
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#tellUnshown(counted);
		}, REPORTED).unref();
	}

	#tellUnshown(counted: ReadonlyMap<RefusalReason, number>): void {
		for (const [reason, total] of counted) {
			const known = [this.#before, this.#reported, this.#unshown].map((counts) => counts.get(reason) ?? 0);
			const packets = known.reduce((left, count) => left - count, total);
			if (packets <= 0) continue;
			add(this.#unshown, reason, packets);
			this.#tell({ kind: 'unshown', reason, packets });
		}
	}

	#counted(): Map<RefusalReason, number> {
		return new Map(this.#firewall.refusals().map(({ reason, packets }) => [reason, packets]));
	}

	#nameOf(index: number): string {
		const known = this.#names.get(index);
		if (known !== undefined) return known;
		const name = this.#net.links.find(index)?.name ?? '';
		if (this.#names.size < MOST_NAMES) this.#names.set(index, name);
		return name;
	}
}

function add(counts: Map<RefusalReason, number>, reason: RefusalReason, packets: number): void {
	counts.set(reason, (counts.get(reason) ?? 0) + packets);
}
