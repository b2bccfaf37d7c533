import type { HostEvent } from '#host/driver.ts';
import { EVERY_INTERFACE } from '#os/linux/netlink/link/link-changes.ts';
import { NamespaceWatch, type WatchEvent } from '#os/linux/netlink/link/watch.ts';

/** Host ends of cables come and go with containers; nobody needs to be woken for them. */
const CABLES = 'epair';

/** Milliseconds that several changes at once may take: one look at the end of them is enough. */
const SETTLE = 20;

export interface WatcherOptions {
	readonly hostNamespace: number | undefined;
	readonly log: { warn(fields: object, message: string): void };
	readonly tell: (event: HostEvent) => void;
	/** Called with the indexes of interfaces that do not forward any more, -1 for all. */
	readonly closed: (indexes: ReadonlySet<number>) => void;
}

/** Tells what somebody else changed about the firewall and the addressing of the host. */
export class Watcher {
	readonly #options: WatcherOptions;
	readonly #watch: NamespaceWatch;
	readonly #due = new Map<HostEvent['kind'] | 'closed', NodeJS.Timeout>();
	/** Indexes of interfaces. */
	#closed = new Set<number>();

	constructor(options: WatcherOptions) {
		this.#options = options;
		const { hostNamespace } = options;
		this.#watch = NamespaceWatch.open({
			...(hostNamespace === undefined ? {} : { namespace: hostNamespace }),
			ignoredPrefix: CABLES,
			report: (event) => this.#take(event),
		});
		// What happened before is not told.
		options.closed(new Set([EVERY_INTERFACE]));
	}

	#take(event: WatchEvent): void {
		const { log } = this.#options;
		switch (event.kind) {
			case 'table-deleted':
			case 'table-changed':
				if (event.family !== 'inet' || event.name !== 'kleene') return;
				log.warn(
					{ by: event.by },
					`another program ${event.kind === 'table-deleted' ? 'deleted' : 'changed'} table inet kleene`,
				);
				this.#soon({ kind: 'firewall-changed' });
				return;
			case 'overrun':
				this.#soon(event.of === 'tables' ? { kind: 'firewall-changed' } : { kind: 'addressing-changed' });
				if (event.of === 'links') this.#close(EVERY_INTERFACE);
				return;
			case 'forwarding-changed':
				this.#close(event.index);
				return;
			case 'lost':
				log.warn({ of: event.of, error: event.error.message }, 'lost the notifications of the host');
				return;
			default:
				this.#soon({ kind: 'addressing-changed' });
		}
	}

	#close(index: number): void {
		this.#closed.add(index);
		this.#later('closed', () => {
			const indexes = this.#closed;
			this.#closed = new Set();
			this.#options.closed(indexes);
		});
	}

	#soon(event: HostEvent): void {
		this.#later(event.kind, () => this.#options.tell(event));
	}

	#later(kind: HostEvent['kind'] | 'closed', work: () => void): void {
		if (this.#due.has(kind)) return;
		const begin = () => {
			this.#due.delete(kind);
			work();
		};
		this.#due.set(kind, setTimeout(begin, SETTLE).unref());
	}

	close(): void {
		for (const timer of this.#due.values()) clearTimeout(timer);
		this.#watch.close();
	}
}
