/** Notifications of changes to nftables tables (include/uapi/linux/netfilter/nf_tables.h). */
import { attributeMap, readText } from '../attributes.ts';
import { decodeMessages } from '../messages.ts';

const SUBSYSTEM = 10;
const MESSAGE = { DELETE_TABLE: 2, NEW_SET_ELEMENT: 12, DELETE_SET_ELEMENT: 14, NEW_GENERATION: 15 } as const;
/** All messages but those of generations have the name of the table first. */
const TABLE = 1;
const GENERATION = { PID: 2, COMMAND: 3 } as const;
/** `struct nfgenmsg` */
const STRUCT_SIZE = 4;
const FAMILIES: Readonly<Record<number, string>> = {
	1: 'inet',
	2: 'ip',
	3: 'arp',
	5: 'netdev',
	7: 'bridge',
	10: 'ip6',
};

export interface Culprit {
	/** Of the thread, as the machine counts it. */
	readonly pid: number;
	/** Its name, e.g. `nft`. */
	readonly command: string;
}

export interface TableChange {
	/** `table-changed`: the table itself, a chain, a rule or a set. One that is deleted and made anew gives both. */
	readonly kind: 'table-deleted' | 'table-changed';
	/** `inet`, `ip`, `ip6`, `bridge`, `arp` or `netdev`. */
	readonly family: string;
	readonly name: string;
	readonly by: Culprit;
}

interface Pending {
	readonly family: string;
	readonly name: string;
	/** Netlink's name for the socket that asked for it. */
	readonly port: number;
	deleted: boolean;
	changed: boolean;
}

/**
 * Puts announcements together to transactions. The kernel first tells what changes, then who did it: a change of which
 * the second part never comes was made by this process, for which the filter of the socket keeps it back.
 */
export class TableChanges {
	readonly #own: number;
	readonly #pending = new Map<string, Pending>();

	/** @param own thread whose transactions are not reported */
	constructor(own: number) {
		this.#own = own;
	}

	/** @returns what is known to be complete now */
	take(datagram: Buffer): TableChange[] {
		const complete: TableChange[] = [];
		for (const { type, payload } of decodeMessages(datagram)) {
			if (type >> 8 !== SUBSYSTEM) continue;
			const message = type & 0xff;
			// The last word of the header.
			const port = datagram.readUInt32LE(payload.byteOffset - datagram.byteOffset - 4);
			if (message === MESSAGE.NEW_GENERATION) complete.push(...this.#finish(port, culpritOf(payload)));
			else if (message !== MESSAGE.NEW_SET_ELEMENT && message !== MESSAGE.DELETE_SET_ELEMENT)
				this.#note(port, message, payload);
		}
		return complete;
	}

	/** Nothing that was told before will be complete. */
	forget(): void {
		this.#pending.clear();
	}

	#note(port: number, message: number, payload: Buffer): void {
		const family = FAMILIES[payload[0] ?? 0] ?? `${payload[0]}`;
		const name = readText(attributeMap(payload.subarray(STRUCT_SIZE)).get(TABLE));
		const key = `${port} ${family} ${name}`;
		const pending = this.#pending.get(key) ?? { family, name, port, deleted: false, changed: false };
		this.#pending.set(key, pending);
		if (message === MESSAGE.DELETE_TABLE) {
			pending.deleted = true;
			pending.changed = false;
		} else pending.changed = true;
	}

	#finish(port: number, by: Culprit): TableChange[] {
		const all = [...this.#pending.values()];
		this.#pending.clear();
		if (by.pid === this.#own) return [];
		return all
			.filter((pending) => pending.port === port)
			.flatMap(({ family, name, deleted, changed }) => [
				...(deleted ? [{ kind: 'table-deleted', family, name, by } as const] : []),
				...(changed ? [{ kind: 'table-changed', family, name, by } as const] : []),
			]);
	}
}

export function culpritOf(payload: Buffer): Culprit {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const pid = attributes.get(GENERATION.PID);
	return { pid: pid ? pid.readUInt32BE() : 0, command: readText(attributes.get(GENERATION.COMMAND)) };
}
