/**
 * How an interface is known to be Kleene's: by its description, which is given in the same command that makes it. Names
 * say nothing: other managers of jails call their cables `epair0a`, too.
 */

import { familyOf, familyWord } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { Script, sh } from '#os/shell/quote.ts';

const PREFIX = 'kleene:';
const NETWORK = /^kleene:network ([0-9a-f:]{17})$/;

/** @param mac of the network, which stands for its id */
export function markOfNetwork(mac: string): string {
	return `${PREFIX}network ${mac.toLowerCase()}`;
}

/** @param container id */
export function markOfCable(container: string): string {
	return `${PREFIX}${container}`;
}

export function isMark(description: string): boolean {
	return description.startsWith(PREFIX);
}

/** For interfaces without a MAC address of their own. @returns `''` for what is no mark of a network */
export function macInMark(description: string): string {
	return NETWORK.exec(description)?.[1] ?? '';
}

/** A pattern of `case` for what ifconfig says of an interface with this mark. */
export function bearing(mark: string): Script {
	return sh`*${`\tdescription: ${mark}\n`}*`;
}

/** The same for any mark of Kleene's. */
export const bearingAny = sh`*${`\tdescription: ${PREFIX}`}*`;

/** A pattern of `case` for ifconfig's text in CIDR format that shows this address with this prefix. */
export function showing(address: string): Script {
	const word = `\t${familyWord(familyOf(address))} ${address}`;
	return sh`*${`${word} `}*|*${`${word}\n`}*|*${word}`;
}

/** The same with any prefix. */
export function showingBare(address: string): Script {
	return sh`*${`\t${familyWord(familyOf(address))} ${withoutPrefix(address)}/`}*`;
}

/** What ifconfig says of an interface, addresses in CIDR format, into `$there`; the condition fails where there is none. */
export function look(name: string): Script {
	return new Script(sh`there=$(ifconfig -f inet:cidr,inet6:cidr ${name} 2>/dev/null)`.text);
}

/**
 * From here on a script that fails takes back what it made; `standing` ends that. An interface that is half made would
 * otherwise keep its name.
 */
export function orElse(undo: Script): Script {
	return sh`trap ${`${undo.text} >/dev/null 2>&1`} EXIT`;
}

export const standing = new Script('trap - EXIT');

/** A pattern of `case`: the first line of what ifconfig says ends in the MTU. */
export function showingMtu(mtu: number): Script {
	return sh`*${` mtu ${mtu}\n`}*`;
}
