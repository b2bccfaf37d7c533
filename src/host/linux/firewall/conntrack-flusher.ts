import { isLinkLocal } from '#inet/address.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import type { Conntrack } from '#os/linux/netlink/filter/conntrack.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { GONE, unlessGone } from '../refusals.ts';

/**
 * Deletes the tracked connections of an address. The next holder of the address must not get packets still
 * sent to its last holder, by a published port or as an answer to a translated sender.
 */
export class ConntrackFlusher {
	readonly #conntrack: Conntrack;
	readonly #net: Rtnetlink;

	constructor(conntrack: Conntrack, net: Rtnetlink) {
		this.#conntrack = conntrack;
		this.#net = net;
	}

	/**
	 * To be called when nothing leads to the addresses any more. See `Conntrack` for how long it takes.
	 *
	 * @param addresses with or without prefix
	 */
	async forget(...addresses: readonly string[]): Promise<void> {
		// Link-local addresses are never translated.
		const bare = addresses.map(withoutPrefix).filter((address) => !isLinkLocal(address));
		// The source of answers is where packets really went.
		const matches = bare.flatMap((source) => [{ original: { source } }, { reply: { source } }]);
		await this.#conntrack.dropInBackground(...matches);
		for (const address of bare) this.#dropWaiting(address);
	}

	/** Packets that came for the last holder during its removal are queued for seconds until the address has a new holder. */
	#dropWaiting(address: string): void {
		const way = this.#net.routes.towards(address);
		if (way?.gateway === '') unlessGone(GONE, () => this.#net.neighbours.remove({ link: way.link, address }));
	}

	close(): void {
		this.#conntrack.close();
	}
}
