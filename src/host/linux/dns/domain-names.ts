/** Names of containers and names of addresses. */
import { addressText } from '#inet/address.ts';

/** Below it nobody else has names: what is not found there does not exist. */
const SUFFIX = 'kleene';

/** Without case, final dot and suffix: `Web.Kleene.` → `web`. */
export function bareName(name: string): string {
	const lower = name.toLowerCase().replace(/\.$/, '');
	return lower.endsWith(`.${SUFFIX}`) ? lower.slice(0, -SUFFIX.length - 1) : lower;
}

export function isBelowSuffix(name: string): boolean {
	const lower = name.toLowerCase().replace(/\.$/, '');
	return lower === SUFFIX || lower.endsWith(`.${SUFFIX}`);
}

/** `web` → `web.kleene`: a name that means the same whatever search list the asking container has. */
export function fullName(name: string): string {
	return isBelowSuffix(name) ? name : `${name}.${SUFFIX}`;
}

/**
 * `2.6.4.10.in-addr.arpa` → `10.4.6.2`, and the same for 32 nibbles below `ip6.arpa`.
 *
 * @returns undefined for names that do not stand for one address
 */
export function addressOfReverseName(name: string): string | undefined {
	const lower = name.toLowerCase().replace(/\.$/, '');
	const four = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(lower)?.[1];
	if (four !== undefined) {
		const bytes = labelsBackwards(four).map(Number);
		return bytes.every((byte) => byte <= 255) ? bytes.join('.') : undefined;
	}
	const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(lower)?.[1];
	return six === undefined ? undefined : addressText(Buffer.from(labelsBackwards(six).join(''), 'hex'));
}

function labelsBackwards(text: string): string[] {
	return text.slice(0, -1).split('.').reverse();
}
