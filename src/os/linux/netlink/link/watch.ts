/** Notifications of a network namespace: nftables tables, interfaces, addresses, default routes, forwarding. */

import { withoutElements, withoutLinks } from '../filter/packet-filter.ts';
import { culpritOf, type TableChange, TableChanges } from '../filter/table-changes.ts';
import { MulticastFeed } from '../multicast.ts';
import { Rtnetlink } from '../rtnetlink.ts';
import { NetlinkSocket } from '../socket.ts';
import { type HostChange, LinkChanges } from './link-changes.ts';

export type { Culprit, TableChange } from '../filter/table-changes.ts';
export type { AddressChange, LinkChange } from './link-changes.ts';

const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
const GROUP = { LINK: 1, IPV4_ADDRESS: 5, IPV4_ROUTE: 7, IPV6_ADDRESS: 9, IPV6_ROUTE: 11, NFTABLES: 7 } as const;
/** Of settings of interfaces, in both families. */
const NETCONF_GROUPS = [24, 25];
const GET_GENERATION = (10 << 8) | 16;

export type WatchEvent =
	| TableChange
	/** Of routes: the default route, or one that stands for a part of it. Others are not told. */
	| HostChange
	/** Something happened that is not known: read all of it again. What happens from now on is told again. */
	| { readonly kind: 'overrun'; readonly of: 'tables' | 'links' }
	/** No more is told, e.g. because there are no descriptors left. */
	| { readonly kind: 'lost'; readonly of: 'tables' | 'links'; readonly error: Error };

export interface WatchOptions {
	/** Descriptor of the namespace, to stay open until the watch is closed; default: the caller's. */
	readonly namespace?: number;
	/** Interfaces whose names begin like this are not told of and wake nobody. Their addresses are told, without name. */
	readonly ignoredPrefix?: string;
	/** Bytes that may wait, of each of the two kinds. Default 2 MiB. */
	readonly receiveBuffer?: number;
	/** Called from the event loop, never before `open` returns. */
	readonly report: (event: WatchEvent) => void;
}

/**
 * Watches until it is closed, and keeps the process alive. Transactions of nftables made by the thread that opened it
 * are not reported, nor are elements of sets, whoever changes them.
 */
export class NamespaceWatch {
	readonly #feeds: readonly MulticastFeed[];

	private constructor(feeds: readonly MulticastFeed[]) {
		this.#feeds = feeds;
	}

	/** Reports everything that happens after the call returned. @throws SystemCallError, NetlinkError */
	static open(options: WatchOptions): NamespaceWatch {
		const tables = watchTables(options);
		try {
			return new NamespaceWatch([tables, watchLinks(options)]);
		} catch (error) {
			tables.close();
			throw error;
		}
	}

	/** Nothing is reported afterwards. */
	close(): void {
		for (const feed of this.#feeds) feed.close();
	}
}

function watchTables({ namespace, receiveBuffer, report }: WatchOptions): MulticastFeed {
	const own = ownThread(namespace);
	const changes = new TableChanges(own);
	return new MulticastFeed({
		protocol: NETLINK_NETFILTER,
		groups: [GROUP.NFTABLES],
		namespace,
		receiveBuffer,
		filter: withoutElements(own),
		take: (datagram) => changes.take(datagram).forEach(report),
		overrun: () => {
			changes.forget();
			report({ kind: 'overrun', of: 'tables' });
		},
		lost: (error) => report({ kind: 'lost', of: 'tables', error }),
	});
}

function watchLinks({ namespace, receiveBuffer, ignoredPrefix = '', report }: WatchOptions): MulticastFeed {
	const changes = new LinkChanges();
	const lookAround = () => {
		const net = Rtnetlink.open(namespace);
		try {
			const ignored = (name: string) => ignoredPrefix !== '' && name.startsWith(ignoredPrefix);
			changes.know(net.links.list().filter(({ name }) => !ignored(name)));
		} finally {
			net.close();
		}
	};
	const lost = (error: Error) => report({ kind: 'lost', of: 'links', error });
	const feed = new MulticastFeed({
		protocol: NETLINK_ROUTE,
		groups: [GROUP.LINK, GROUP.IPV4_ADDRESS, GROUP.IPV4_ROUTE, GROUP.IPV6_ADDRESS, GROUP.IPV6_ROUTE, ...NETCONF_GROUPS],
		namespace,
		receiveBuffer,
		filter: withoutLinks(ignoredPrefix),
		take: (datagram) => changes.take(datagram).forEach(report),
		overrun: () => {
			try {
				lookAround();
			} catch (error) {
				feed.close();
				lost(error instanceof Error ? error : new Error(String(error)));
				return;
			}
			report({ kind: 'overrun', of: 'links' });
		},
		lost,
	});
	try {
		lookAround();
		return feed;
	} catch (error) {
		feed.close();
		throw error;
	}
}

/** This thread as the kernel counts it, which inside a PID namespace is not as the process counts itself. */
function ownThread(namespace: number | undefined): number {
	const socket = NetlinkSocket.open(NETLINK_NETFILTER, namespace);
	try {
		const answer = socket.request({ type: GET_GENERATION, payload: Buffer.alloc(4), words: 'ask for the ruleset' });
		return answer ? culpritOf(answer.payload).pid : 0;
	} finally {
		socket.close();
	}
}
