/**
 * A table of nftables, changed by elements and asked for its chains straight in the kernel
 * (include/uapi/linux/netfilter/nf_tables.h). libnftables reads all chains and sets of the machine before it does the
 * like, which takes the longer the more networks there are.
 */
import { hasCode } from '#os/errno.ts';
import { AttributeWriter, encodeAttributes, text } from '../attributes.ts';
import { FLAG } from '../messages.ts';
import { type BatchMessage, NetlinkSocket } from '../socket.ts';
import { encodeElements, type SetElement } from './set-elements.ts';

const NETLINK_NETFILTER = 12;
const SUBSYSTEM = 10;
const BATCH = { BEGIN: 16, END: 17 } as const;
const GET_CHAIN = (SUBSYSTEM << 8) | 4;
const CHAIN = { TABLE: 1, NAME: 3 } as const;
const CHANGE = { add: (SUBSYSTEM << 8) | 12, remove: (SUBSYSTEM << 8) | 14 } as const;
const LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
const FAMILY_INET = 1;
/** An attribute is 64 KiB long at the most, an element some 80 bytes. */
const PER_MESSAGE = 500;

export class NftTable {
	readonly #socket: NetlinkSocket;
	readonly #name: string;

	/** @param name of a table of family `inet` @param namespace descriptor; undefined: the one of this process */
	static open(name: string, namespace: number | undefined): NftTable {
		return new NftTable(NetlinkSocket.open(NETLINK_NETFILTER, namespace), name);
	}

	private constructor(socket: NetlinkSocket, name: string) {
		this.#socket = socket;
		this.#name = name;
	}

	/** False without the table, too. @throws NetlinkError */
	hasChain(name: string): boolean {
		const attributes = encodeAttributes([text(CHAIN.TABLE, this.#name), text(CHAIN.NAME, name)]);
		const payload = Buffer.concat([header(FAMILY_INET, 0), attributes]);
		try {
			return this.#socket.request({ type: GET_CHAIN, payload, words: `look for chain ${name}` }) !== undefined;
		} catch (error) {
			if (hasCode(error, 'ENOENT')) return false;
			throw error;
		}
	}

	/**
	 * All in one transaction. What is there already with the same value stays.
	 *
	 * @throws NetlinkError, `EEXIST` when one is there with another value, `ENOENT` without the set or the table
	 */
	add(elements: readonly SetElement[]): void {
		this.#change('add', elements, FLAG.CREATE);
	}

	/**
	 * Adds elements that are not there: what is there keeps its counters and limits, whatever those of the new one are.
	 *
	 * @throws NetlinkError, `EEXIST` when one is there
	 */
	addNew(elements: readonly SetElement[]): void {
		this.#change('add', elements, FLAG.CREATE | FLAG.EXCLUSIVE);
	}

	/** By their keys. @throws NetlinkError, `ENOENT` when one is not there; then all stay */
	remove(elements: readonly SetElement[]): void {
		this.#change('remove', elements, 0);
	}

	#change(verb: keyof typeof CHANGE, elements: readonly SetElement[], flags: number): void {
		const bySet = Map.groupBy(elements, ({ set }) => set);
		if (bySet.size === 0) return;
		const changes: BatchMessage[] = [];
		for (const [set, own] of bySet)
			for (let start = 0; start < own.length; start += PER_MESSAGE) {
				const payload = this.#payload(verb, set, own.slice(start, start + PER_MESSAGE));
				changes.push({ type: CHANGE[verb], flags, payload });
			}
		const frame = (type: number) => ({ type, flags: 0, payload: header(0, SUBSYSTEM) });
		const words = `${verb} elements of ${[...bySet.keys()].join(', ')}`;
		this.#socket.batch([frame(BATCH.BEGIN), ...changes, frame(BATCH.END)], words);
	}

	#payload(verb: keyof typeof CHANGE, set: string, elements: readonly SetElement[]): Buffer {
		const out = new AttributeWriter();
		out.put(LIST.TABLE, Buffer.from(`${this.#name}\0`));
		out.put(LIST.SET, Buffer.from(`${set}\0`));
		out.nest(LIST.ELEMENTS, () => encodeElements(out, elements, verb === 'add'));
		return Buffer.concat([header(FAMILY_INET, 0), out.finish()]);
	}

	close(): void {
		this.#socket.close();
	}
}

/** `struct nfgenmsg` */
function header(family: number, resource: number): Buffer {
	return Buffer.from([family, 0, resource >> 8, resource & 0xff]);
}
