import { KleeneError } from '#errors/kleene-error.ts';

/** The connection of a container to a network. */
export interface Endpoint {
	readonly id: string;
	readonly containerId: string;
	readonly networkId: string;
	/** `''` where the family is not used. */
	readonly ipAddress: string;
	readonly ipAddress6: string;
	/** Place among the container's endpoints, in order of connection: names the inner interface (`epair<position>b`). */
	readonly position: number;
	/** Unit of the epair on the host while the container runs, else null. */
	readonly epair: number | null;
	/** Of the inner end; `''`: derived from the id. */
	readonly mac: string;
	/** Preferred over the other endpoints of its container for the default route. */
	readonly defaultRoute: boolean;
	/** Names besides that of its container, by which the members of the network find it; in lower case. */
	readonly aliases: readonly string[];
}

export function addressesOf(endpoint: Endpoint): string[] {
	return [endpoint.ipAddress, endpoint.ipAddress6].filter((address) => address !== '');
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
		why: 'it is no label of a name in DNS: letters, digits and "-" between them, 63 at most, not digits alone',
		mend: 'choose one such as db or web-1',
	});
}
