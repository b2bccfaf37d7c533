/** Text of addresses with the length of their prefix, e.g. `10.4.6.1/24`, as interfaces have them. */
import { type Family, familyOf, widthOf } from './family.ts';

export interface Prefixed {
	/** Without prefix. */
	readonly address: string;
	/** Prefix length in bits. */
	readonly prefix: number;
}

/** The block of all addresses of a family: the destination of a default route. */
export const EVERYWHERE: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** Splits `10.4.6.1/24`; without a prefix the address stands for itself alone. Nothing is checked. */
export function splitPrefix(text: string): Prefixed {
	const [address = '', bits] = text.split('/');
	return { address, prefix: bits === undefined ? widthOf(familyOf(address)) : Number(bits) };
}

/** `10.4.6.1/24` → `10.4.6.1` */
export function withoutPrefix(text: string): string {
	return splitPrefix(text).address;
}

/** The block of one address alone: `10.4.6.2` → `10.4.6.2/32`. */
export function blockOfOne(address: string): string {
	return `${address}/${widthOf(familyOf(address))}`;
}
