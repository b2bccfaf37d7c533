import { KleeneError } from '#errors/kleene-error.ts';
import { type Address, formatAddress } from '#inet/address.ts';
import { familyEntries, type PerFamily } from '#inet/family.ts';
import { macOf, macOfText } from './ids.ts';

/** The connection of a container to a network. */
export interface Endpoint {
	readonly id: string;
	readonly containerId: string;
	readonly networkId: string;
	/** In the families that it uses. */
	readonly addresses: PerFamily<Address>;
	/** Place among the container's endpoints, in order of connection: names the inner interface (`epair<position>b`). */
	readonly position: number;
	/** Unit of the epair on the host while the container runs, else null. */
	readonly epair: number | null;
	/** Of the inner end, as the user wants it; `''`: see `macOfEndpoint`. */
	readonly mac: string;
	/** Preferred over the other endpoints of its container for the default route. */
	readonly defaultRoute: boolean;
	/** Names besides that of its container, by which the members of the network find it; in lower case. */
	readonly aliases: readonly string[];
	/** Its IPv4 address comes from a DHCP server of the LAN, and is known while the container runs. */
	readonly leased?: boolean;
}

/** Canonical text, without prefix. */
export function addressesOf({ addresses }: Pick<Endpoint, 'addresses'>): string[] {
	return familyEntries(addresses).map(([, address]) => formatAddress(address));
}

/**
 * Of the inner end. It comes with the address: when another container gets the address on that network, what the
 * neighbours know of it is still true.
 */
export function macOfEndpoint(endpoint: Endpoint): string {
	const [address] = addressesOf(endpoint);
	if (endpoint.mac !== '') return endpoint.mac;
	return address === undefined ? macOf(endpoint.id) : macOfText(`${endpoint.networkId} ${address}`);
}

/** A label of a name in DNS that cannot be taken for a number. */
const LABEL = /^(?![0-9]+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @returns them in lower case, each once, in alphabetical order */
export function parseAliases(texts: readonly string[]): string[] {
	const bad = texts.find((text) => !LABEL.test(text.toLowerCase()));
	if (bad === undefined) return [...new Set(texts.map((text) => text.toLowerCase()))].sort();
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use '${bad.slice(0, 80)}' as an alias`,
		why: 'it is not a DNS label: letters, digits and "-" between them, 63 at most, not digits alone',
		hint: 'choose one such as db or web-1',
	});
}
