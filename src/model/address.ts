/**
 * Addresses and subnets of both families as numbers, so that ranges are arithmetic and not text.
 * Text comes in through `parse…` only and goes out in the canonical form (RFC 5952 for IPv6).
 */
import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

export interface Address {
	readonly family: Family;
	readonly value: bigint;
}

export interface Subnet {
	readonly family: Family;
	/** Prefix length in bits. */
	readonly prefix: number;
	/** Value of the network address. */
	readonly first: bigint;
	/** Value of the last address of the block. */
	readonly last: bigint;
}

export const FAMILIES: readonly Family[] = [4, 6];

export function widthOf(family: Family): number {
	return family === 4 ? 32 : 128;
}

/** Dotted quads and IPv6 text only: no short forms (`10.1`), no octal, no zone (`%em0`). */
export function parseAddress(text: string): Address | undefined {
	if (ipaddr.IPv4.isValidFourPartDecimal(text)) return fromBytes(4, ipaddr.IPv4.parse(text).toByteArray());
	if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text))
		return fromBytes(6, ipaddr.IPv6.parse(text).toByteArray());
	return undefined;
}

function fromBytes(family: Family, bytes: readonly number[]): Address {
	return { family, value: bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) };
}

export function formatAddress({ family, value }: Address): string {
	const bytes: number[] = [];
	for (let shift = widthOf(family) - 8; shift >= 0; shift -= 8) bytes.push(Number((value >> BigInt(shift)) & 255n));
	return family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** `a.b.c.d/n` or `x::/n` with all host bits zero. A bare address is a block of one. */
export function parseSubnet(text: string): Subnet | undefined {
	const [base = '', bits, ...rest] = text.split('/');
	const address = parseAddress(base);
	if (!address || rest.length > 0) return undefined;
	if (bits !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return undefined;
	const prefix = bits === undefined ? widthOf(address.family) : Number(bits);
	if (prefix > widthOf(address.family)) return undefined;
	const subnet = subnetAround(address, prefix);
	return subnet.first === address.value ? subnet : undefined;
}

/** The block of this prefix length that holds the address. */
export function subnetAround(address: Address, prefix: number): Subnet {
	const size = 1n << BigInt(widthOf(address.family) - prefix);
	const first = address.value - (address.value % size);
	return { family: address.family, prefix, first, last: first + size - 1n };
}

export function formatSubnet({ family, first, prefix }: Subnet): string {
	return `${formatAddress({ family, value: first })}/${prefix}`;
}

export function contains(subnet: Subnet, address: Address): boolean {
	return subnet.family === address.family && address.value >= subnet.first && address.value <= subnet.last;
}

export function overlap(one: Subnet, other: Subnet): boolean {
	return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/**
 * The addresses of a block that a host may hold: not the network address, and for IPv4 not the broadcast address.
 * For IPv6 the first address is the subnet-router anycast address (RFC 4291 2.6.1). Blocks of one or two addresses
 * (RFC 3021, RFC 6164) have neither.
 */
export function assignable(subnet: Subnet): { readonly first: bigint; readonly last: bigint } {
	if (subnet.prefix >= widthOf(subnet.family) - 1) return { first: subnet.first, last: subnet.last };
	return { first: subnet.first + 1n, last: subnet.family === 4 ? subnet.last - 1n : subnet.last };
}

/** Fixed-width hex, so that text order is numeric order. */
export function sortableKey({ family, value }: Address): string {
	return value.toString(16).padStart(widthOf(family) / 4, '0');
}

export function fromSortableKey(key: string): Address {
	return { family: key.length === 8 ? 4 : 6, value: BigInt(`0x${key}`) };
}
