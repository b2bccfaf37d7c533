import type { HostEvent } from '#host/driver.ts';
import { NamespaceWatch, type WatchEvent } from '#os/linux/netlink/link/watch.ts';

/** Host ends of cables come and go with containers; nobody needs to be woken for them. */
const CABLES = 'epair';

/** Milliseconds that several changes at once may take: one look at the end of them is enough. */
const SETTLE = 20;

export interface WatcherOptions {
	readonly hostNamespace: number | undefined;
	readonly log: { warn(fields: object, message: string): void };
	readonly tell: (event: HostEvent) => void;
}

/** Tells what somebody else changed about the firewall and the addressing of the host. */
export class Watcher {
	readonly #options: WatcherOptions;
	readonly #watch: NamespaceWatch;
	readonly #due = new Map<HostEvent['kind'], NodeJS.Timeout>();

	constructor(options: WatcherOptions) {
		this.#options = options;
		const { hostNamespace } = options;
		this.#watch = NamespaceWatch.open({
			...(hostNamespace === undefined ? {} : { namespace: hostNamespace }),
			ignoredPrefix: CABLES,
			report: (event) => this.#take(event),
		});
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
				return;
			case 'lost':
				log.warn({ of: event.of, error: event.error.message }, 'lost the notifications of the host');
				return;
			default:
				this.#soon({ kind: 'addressing-changed' });
		}
	}

	#soon(event: HostEvent): void {
		if (this.#due.has(event.kind)) return;
		const tell = () => {
			this.#due.delete(event.kind);
			this.#options.tell(event);
		};
		this.#due.set(event.kind, setTimeout(tell, SETTLE).unref());
	}

	close(): void {
		for (const timer of this.#due.values()) clearTimeout(timer);
		this.#watch.close();
	}
}
