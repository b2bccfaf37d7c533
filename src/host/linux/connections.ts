import type { Conntrack } from '#kernel/netlink/conntrack.ts';

/** Link-local addresses of IPv6 are never translated. */
const LINK_LOCAL = /^fe[89ab]/i;

/**
 * What the host remembers of the conversations of an address. Whoever gets the address next must not get what is still
 * sent to its last holder, by a published port or as an answer to a translated sender.
 */
export class Conversations {
	readonly #conntrack: Conntrack;

	constructor(conntrack: Conntrack) {
		this.#conntrack = conntrack;
	}

	/**
	 * To be called when nothing leads to the addresses any more. See `Conntrack` for how long it takes.
	 *
	 * @param addresses with or without prefix
	 */
	async forget(...addresses: readonly string[]): Promise<void> {
		const bare = addresses.map((text) => text.split('/')[0] ?? '').filter((address) => !LINK_LOCAL.test(address));
		// The source of answers is where packets really went.
		const matches = bare.flatMap((source) => [{ original: { source } }, { reply: { source } }]);
		await this.#conntrack.dropInBackground(...matches);
	}

	close(): void {
		this.#conntrack.close();
	}
}
