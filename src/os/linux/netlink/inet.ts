/** Internet addresses as netlink carries them: 4 or 16 bytes, most significant first. */
import ipaddr from 'ipaddr.js';

export const AF_INET = 2;
export const AF_INET6 = 10;

export type Family = 4 | 6;

export function familyOf(address: string): Family {
	return address.includes(':') ? 6 : 4;
}

export function addressFamily(family: Family): number {
	return family === 4 ? AF_INET : AF_INET6;
}

/** @throws Error for text that is no address */
export function addressBytes(address: string): Buffer {
	const parser = familyOf(address) === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
	return Buffer.from(parser.parse(address).toByteArray());
}

/** Canonical text: dotted quads, RFC 5952. */
export function addressText(bytes: Buffer): string {
	return bytes.length === 4 ? bytes.join('.') : new ipaddr.IPv6([...bytes]).toRFC5952String();
}

export interface Prefixed {
	readonly address: string;
	/** Prefix length in bits. */
	readonly prefix: number;
}

/** `10.4.6.1/24`; without a prefix the address stands for itself alone. */
export function splitPrefix(text: string): Prefixed {
	const [address = '', bits] = text.split('/');
	return { address, prefix: bits === undefined ? widthOf(familyOf(address)) : Number(bits) };
}

export function widthOf(family: Family): number {
	return family === 4 ? 32 : 128;
}
