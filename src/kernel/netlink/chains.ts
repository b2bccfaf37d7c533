/** Whether a table of nftables has a chain, by one question, where nft(8) lists all chains first (linux/netfilter/nf_tables.h). */
import { hasCode } from '../errno.ts';
import { encodeAttributes, text } from './attributes.ts';
import { NetlinkSocket } from './socket.ts';

const NETLINK_NETFILTER = 12;
const GET_CHAIN = (10 << 8) | 4;
const CHAIN = { TABLE: 1, NAME: 3 } as const;
/** `struct nfgenmsg` for family `inet` */
const HEADER = Buffer.from([1, 0, 0, 0]);

export class Chains {
	readonly #socket: NetlinkSocket;
	readonly #table: string;

	/** @param table of family `inet` @param namespace descriptor; undefined: the one of this process */
	static open(table: string, namespace: number | undefined): Chains {
		return new Chains(NetlinkSocket.open(NETLINK_NETFILTER, namespace), table);
	}

	private constructor(socket: NetlinkSocket, table: string) {
		this.#socket = socket;
		this.#table = table;
	}

	/** @throws NetlinkError */
	has(name: string): boolean {
		const attributes = encodeAttributes([text(CHAIN.TABLE, this.#table), text(CHAIN.NAME, name)]);
		const request = { type: GET_CHAIN, payload: Buffer.concat([HEADER, attributes]), words: `look for chain ${name}` };
		try {
			return this.#socket.request(request) !== undefined;
		} catch (error) {
			if (hasCode(error, 'ENOENT')) return false;
			throw error;
		}
	}

	close(): void {
		this.#socket.close();
	}
}
