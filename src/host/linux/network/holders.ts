import { hasCode } from '#os/errno.ts';
import { type Announcement, Announcer } from '#os/linux/neighbours/announcement.ts';

/** Addresses whose last holder is remembered; that is more than any network has ports. */
const REMEMBERED = 65_536;

/**
 * Last holders of addresses. Neighbours cache an address for minutes, and would continue to send to a holder that
 * is gone. Most addresses come with their MAC address (see `macOfEndpoint`), and then there is nothing to tell.
 */
export class Holders {
	/** MAC address by address, the oldest entry first. */
	readonly #last = new Map<string, string>();
	readonly #host: number | undefined;

	/** @param host descriptor of the network namespace that is the host; undefined: the daemon's own */
	constructor(host: number | undefined) {
		this.#host = host;
	}

	/**
	 * Tells the neighbours of an address that may be another's in their eyes, after all else is done: on a bridge with
	 * hundreds of ports the kernel hands it to every one of them at once. What happened before the daemon was started
	 * nobody knows, so the first holder of each address is told of.
	 *
	 * @param inside descriptor of the namespace that the link is in; default: the host's
	 */
	take(announcement: Announcement, inside?: number): void {
		if (!this.#changes(announcement)) return;
		const announcer = announcerIn(inside ?? this.#host);
		if (!announcer) return;
		setImmediate(() => {
			try {
				announcer.send(announcement);
			} catch {
				// The interface is down or gone meanwhile, and nobody needs to be told.
			} finally {
				announcer.close();
			}
		});
	}

	#changes({ address, mac }: Announcement): boolean {
		const last = this.#last.get(address);
		this.#last.delete(address);
		this.#last.set(address, mac);
		if (this.#last.size > REMEMBERED) this.#last.delete(this.#last.keys().next().value ?? '');
		return last !== mac;
	}
}

/** Without packet sockets in the kernel neighbours find out by themselves, within a minute. */
function announcerIn(namespace: number | undefined): Announcer | undefined {
	try {
		return new Announcer(namespace);
	} catch (error) {
		if (hasCode(error, 'EAFNOSUPPORT', 'EPERM')) return undefined;
		throw error;
	}
}
