/**
 * Rate limits of interfaces: `tc qdisc ... root tbf` (tc-tbf(8), include/uapi/linux/pkt_sched.h).
 *
 * A token bucket limits what leaves. What arrives is limited by a bucket on the other end of the veth pair.
 */
import { attributeMap, bytes, encodeAttributes, nested, readText, readU32, text, u32 } from '../attributes.ts';
import { FLAG } from '../messages.ts';
import type { NetlinkSocket } from '../socket.ts';

const NEWQDISC = 36;
const DELQDISC = 37;
const GETQDISC = 38;
const TCA = { KIND: 1, OPTIONS: 2, STATS2: 7 } as const;
const STATS = { BASIC: 1, QUEUE: 3 } as const;
const TBF = { PARMS: 1, RATE64: 4, BURST: 6 } as const;
const ROOT = 0xffff_ffff;
/** Without this flag a question is answered to those who watch and not to the one who asked. */
const ECHO = 0x8;
/** Says that the rate is counted in frames of Ethernet; otherwise the kernel asks for a table of transmission times. */
const ETHERNET = 1;
/** `struct tcmsg` */
const STRUCT_SIZE = 20;
/** `struct tc_tbf_qopt` */
const OPTIONS_SIZE = 36;
const U32_MAX = 0xffff_ffff;
/** The kernel counts times in units of 64 ns (PSCHED_SHIFT). */
const TICK = 64;

/** Time in which a whole burst is sent at the rate, in seconds. */
const BURST_TIME = 0.004;
/** Below this the timer would cost more than the traffic. */
const SMALLEST_BURST = 16 * 1024;
/** Frame headers with two VLAN tags: a packet larger than the burst would never pass. */
const FRAME_OVERHEAD = 22;
const LATENCY = 0.05;

export interface RateLimit {
	/** Bits per second, frame headers included. */
	readonly rate: number;
	/** Bytes that may leave at once after a pause. Default: 4 ms of the rate, at least 16 KiB and one packet. */
	readonly burst?: number;
	/** Longest wait in the queue in seconds; what would wait longer is dropped. Default 0.05. */
	readonly latency?: number;
	/** Of the interface, for the default burst. Default 1500. */
	readonly mtu?: number;
}

export interface Qdisc {
	/** Index of the interface. */
	readonly link: number;
	/** `tbf`, `noqueue`, `fq_codel` ... */
	readonly kind: string;
	/** Bits per second, where it is a token bucket; else 0. */
	readonly rate: number;
	/** Bytes, where it is a token bucket; else 0. May differ by one in a thousand from what was asked for. */
	readonly burst: number;
	/** Length of the queue in bytes, where it is a token bucket; else 0. */
	readonly limit: number;
	readonly sent: { readonly bytes: number; readonly packets: number };
	readonly dropped: number;
	/** Bytes that wait. */
	readonly backlog: number;
}

export class Qdiscs {
	readonly #socket: NetlinkSocket;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/**
	 * Limit what leaves through an interface, now and not later: a limit that is there already changes in place and
	 * keeps what waits in its queue.
	 *
	 * @param link index of the interface
	 * @throws RangeError for a rate that is not positive; NetlinkError, `ENODEV` without the interface
	 */
	limit(link: number, limit: RateLimit, interfaceName = `#${link}`): void {
		this.#socket.request({
			type: NEWQDISC,
			flags: FLAG.CREATE | FLAG.REPLACE,
			payload: Buffer.concat([head(link), encodeAttributes([text(TCA.KIND, 'tbf'), encodeLimit(limit)])]),
			words: `limit ${interfaceName} to ${limit.rate} bit/s`,
		});
	}

	/** Back to what the interface had at first. @throws NetlinkError, `EINVAL` when there is no limit */
	remove(link: number, interfaceName = `#${link}`): void {
		this.#socket.request({
			type: DELQDISC,
			payload: Buffer.concat([head(link), encodeAttributes([text(TCA.KIND, 'tbf')])]),
			words: `remove the rate limit of ${interfaceName}`,
		});
	}

	/** Root qdisc of an interface, undefined where the kernel shows none. @throws NetlinkError, `ENODEV` without the interface */
	get(link: number, interfaceName = `#${link}`): Qdisc | undefined {
		const message = this.#socket.request({
			type: GETQDISC,
			flags: ECHO,
			payload: head(link),
			words: `look up the queueing discipline of ${interfaceName}`,
		});
		return message && decodeQdisc(message.payload);
	}

	/** Those at the root of an interface. */
	list(): Qdisc[] {
		const payload = Buffer.alloc(STRUCT_SIZE);
		return this.#socket.dump({ type: GETQDISC, payload, words: 'list queueing disciplines' }, decodeQdisc);
	}
}

function head(link: number): Buffer {
	const buffer = Buffer.alloc(STRUCT_SIZE);
	buffer.writeInt32LE(link, 4);
	buffer.writeUInt32LE(ROOT, 12);
	return buffer;
}

/** Bytes. */
export function burstOf({ rate, burst, mtu = 1500 }: RateLimit): number {
	return burst ?? Math.ceil(Math.max((rate / 8) * BURST_TIME, SMALLEST_BURST, mtu + FRAME_OVERHEAD));
}

/** Bytes: what leaves within the latency, and the burst. */
export function queueOf(limit: RateLimit): number {
	const waiting = (limit.rate / 8) * (limit.latency ?? LATENCY);
	return Math.min(Math.ceil(waiting + burstOf(limit)), U32_MAX);
}

export function encodeLimit(limit: RateLimit) {
	const rate = Math.round(limit.rate / 8);
	if (!(rate > 0 && Number.isSafeInteger(rate)))
		throw new RangeError(`${limit.rate} bit/s is no rate that an interface can send at`);
	const options = Buffer.alloc(OPTIONS_SIZE);
	options[1] = ETHERNET;
	options.writeUInt32LE(Math.min(rate, U32_MAX), 8);
	options.writeUInt32LE(queueOf(limit), 24);
	const attributes = [bytes(TBF.PARMS, options), u32(TBF.BURST, Math.min(burstOf(limit), U32_MAX))];
	if (rate > U32_MAX) {
		const wide = Buffer.alloc(8);
		wide.writeBigUInt64LE(BigInt(rate));
		attributes.push(bytes(TBF.RATE64, wide));
	}
	return nested(TCA.OPTIONS, attributes);
}

export function decodeQdisc(payload: Buffer): Qdisc | undefined {
	if (payload.readUInt32LE(12) !== ROOT) return undefined;
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const kind = readText(attributes.get(TCA.KIND));
	return {
		link: payload.readInt32LE(4),
		kind,
		...decodeLimit(kind === 'tbf' ? attributes.get(TCA.OPTIONS) : undefined),
		...decodeStatistics(attributes.get(TCA.STATS2)),
	};
}

function decodeLimit(value: Buffer | undefined): Pick<Qdisc, 'rate' | 'burst' | 'limit'> {
	const attributes = attributeMap(value ?? Buffer.alloc(0));
	const options = attributes.get(TBF.PARMS);
	if (!options || options.length < OPTIONS_SIZE) return { rate: 0, burst: 0, limit: 0 };
	const wide = attributes.get(TBF.RATE64);
	const rate = wide ? Number(wide.readBigUInt64LE()) : options.readUInt32LE(8);
	const burst = Math.round((options.readUInt32LE(28) * TICK * rate) / 1e9);
	return { rate: rate * 8, burst, limit: options.readUInt32LE(24) };
}

/** `struct gnet_stats_basic` and `struct gnet_stats_queue` */
function decodeStatistics(value: Buffer | undefined): Pick<Qdisc, 'sent' | 'dropped' | 'backlog'> {
	const attributes = attributeMap(value ?? Buffer.alloc(0));
	const basic = attributes.get(STATS.BASIC);
	const queue = attributes.get(STATS.QUEUE);
	return {
		sent: { bytes: basic ? Number(basic.readBigUInt64LE()) : 0, packets: readU32(basic?.subarray(8)) },
		backlog: readU32(queue?.subarray(4)),
		dropped: readU32(queue?.subarray(8)),
	};
}
