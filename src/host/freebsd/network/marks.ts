/**
 * Marks of Kleene's interfaces: descriptions, set by the same command that makes the interface. Names
 * say nothing: other managers of jails call their cables `epair0a`, too.
 */

import { familyOf, familyWord } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { Script, sh } from '#os/shell/quote.ts';

const PREFIX = 'kleene:';
/** A marked object and the store of its daemon; earlier versions did not write the store. */
const MARK = /^kleene:(?:network ([0-9a-f:]{17})|[0-9a-f]{12})(?: of ([0-9a-f]{8}))?$/;

export interface Mark {
	/** MAC address of the network, for interfaces without one of their own; `''` for a cable. */
	readonly mac: string;
	/** Identity of the store, `''` where it is not said. */
	readonly store: string;
}

/** @returns undefined for the description of anything else */
export function readMark(description: string): Mark | undefined {
	const [whole, mac = '', store = ''] = MARK.exec(description) ?? [];
	return whole === undefined ? undefined : { mac, store };
}

/** The marks that one daemon gives, by the identity of its store. */
export class Marks {
	readonly store: string;

	constructor(store: string) {
		this.store = store;
	}

	/** @param mac of the network, which stands for its id */
	network(mac: string): string {
		return `${PREFIX}network ${mac.toLowerCase()} of ${this.store}`;
	}

	/** @param container id */
	cable(container: string): string {
		return `${PREFIX}${container} of ${this.store}`;
	}

	/** A pattern of `case` for what ifconfig says of an interface with any mark of this daemon. */
	get any(): Script {
		return sh`*${`\tdescription: ${PREFIX}`}*${` of ${this.store}\n`}*`;
	}
}

/** A pattern of `case` for what ifconfig says of an interface with this mark, also as earlier versions wrote it. */
export function bearing(mark: string): Script {
	const earlier = mark.replace(/ of [0-9a-f]+$/, '');
	return sh`*${`\tdescription: ${mark}\n`}*|*${`\tdescription: ${earlier}\n`}*`;
}

/** A pattern of `case` for ifconfig's text in CIDR format that shows this address with this prefix. */
export function showing(address: string): Script {
	const word = `\t${familyWord(familyOf(address))} ${address}`;
	return sh`*${`${word} `}*|*${`${word}\n`}*|*${word}`;
}

/** The same with any prefix. */
export function showingBare(address: string): Script {
	return sh`*${`\t${familyWord(familyOf(address))} ${withoutPrefix(address)}/`}*`;
}

/** Store the ifconfig output of an interface, addresses in CIDR format, in `$there`; the condition fails where there is none. */
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
