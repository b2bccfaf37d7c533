/**
 * Parses the output of `ifconfig -a` and `ifconfig NAME`. FreeBSD 13.2 has no machine-readable form of it.
 * Written for the default formats (netmask in hex, `prefixlen`) and for `-f inet:cidr,inet6:cidr`.
 */

export interface InterfaceMember {
	readonly name: string;
	/** E.g. `PRIVATE`. */
	readonly flags: readonly string[];
}

export interface IfconfigInterface {
	readonly name: string;
	/** E.g. `UP`, `RUNNING`, `LOOPBACK`. */
	readonly flags: readonly string[];
	readonly mtu: number;
	/** `''` where it has none, in lower case. */
	readonly ether: string;
	readonly description: string;
	readonly groups: readonly string[];
	/** With prefix and without scope, e.g. `10.4.6.1/24`, `fe80::1/64`. */
	readonly addresses: readonly string[];
	/** Those IPv6 addresses, of which it is not yet known whether somebody else has them. */
	readonly tentative: readonly string[];
	/** Of a bridge. */
	readonly members: readonly InterfaceMember[];
	/** IPv6 options, e.g. `IFDISABLED`. */
	readonly nd6: readonly string[];
}

type Draft = {
	-readonly [K in keyof IfconfigInterface]: IfconfigInterface[K] extends readonly (infer T)[]
		? T[]
		: IfconfigInterface[K];
};

const HEAD = /^([^\s:]+): flags=[0-9a-f]+<([^>]*)>(?:.*?\bmtu (\d+))?/;
const INET = /^inet (\S+)(?: --> \S+)?(?: netmask (0x[0-9a-f]{8}))?/;
const INET6 = /^inet6 ([^\s/%]+)(?:%[^\s/]+)?(?:\/(\d+))?(?: --> \S+)?(?: prefixlen (\d+))?( .*\btentative\b)?/;
const MEMBER = /^member: (\S+) flags=[0-9a-f]+<([^>]*)>/;

export function parseIfconfig(text: string): IfconfigInterface[] {
	const found: Draft[] = [];
	for (const line of text.split('\n')) {
		const head = HEAD.exec(line);
		const current = found.at(-1);
		if (head) found.push(beginning(head));
		else if (current && /^\s/.test(line)) readDetail(current, line.trim());
	}
	return found;
}

function beginning([, name = '', flags = '', mtu = '0']: RegExpExecArray): Draft {
	const lists = { groups: [], addresses: [], tentative: [], members: [], nd6: [] };
	return { name, flags: listOf(flags), mtu: Number(mtu), ether: '', description: '', ...lists };
}

function readDetail(draft: Draft, line: string): void {
	const [word = ''] = line.split(' ');
	const rest = line.slice(word.length + 1);
	if (word === 'ether') draft.ether = rest.toLowerCase();
	else if (word === 'description:') draft.description ||= rest;
	else if (word === 'groups:') draft.groups.push(...rest.split(' '));
	else if (word === 'inet') readInet(draft, line);
	else if (word === 'inet6') readInet6(draft, line);
	else if (word === 'member:') readMember(draft, line);
	else if (word === 'nd6') draft.nd6.push(...listOf(/<([^>]*)>/.exec(rest)?.[1] ?? ''));
}

function readInet(draft: Draft, line: string): void {
	const [, address = '', mask] = INET.exec(line) ?? [];
	if (address.includes('/')) draft.addresses.push(address);
	else if (address !== '') draft.addresses.push(`${address}/${mask === undefined ? 32 : prefixOf(mask)}`);
}

function readInet6(draft: Draft, line: string): void {
	const [, address, cidr, prefixlen, tentative] = INET6.exec(line) ?? [];
	if (address === undefined) return;
	const text = `${address}/${cidr ?? prefixlen ?? 128}`;
	draft.addresses.push(text);
	if (tentative !== undefined) draft.tentative.push(text);
}

function readMember(draft: Draft, line: string): void {
	const [, name, flags = ''] = MEMBER.exec(line) ?? [];
	if (name !== undefined) draft.members.push({ name, flags: listOf(flags) });
}

function listOf(text: string): string[] {
	return text === '' ? [] : text.split(',');
}

/** Of a mask as in `0xffffff00`. */
function prefixOf(mask: string): number {
	return Math.clz32(~Number.parseInt(mask, 16));
}
