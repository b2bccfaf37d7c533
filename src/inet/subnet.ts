import { type Address, formatAddress, parseAddress } from './address.ts';
import { type Family, widthOf } from './family.ts';
import { withoutPrefix } from './prefix.ts';

/** A block of addresses that begin with the same bits. */
export interface Subnet {
	readonly family: Family;
	/** Prefix length in bits. */
	readonly prefix: number;
	/** Value of the network address. */
	readonly first: bigint;
	/** Value of the last address of the block. */
	readonly last: bigint;
}

/** `a.b.c.d/n` or `x::/n` with all host bits zero. A bare address is a block of one. */
export function parseSubnet(text: string): Subnet | undefined {
	const subnet = parseSubnetAround(text);
	return subnet?.first === parseAddress(withoutPrefix(text))?.value ? subnet : undefined;
}

/** The block that holds an address with prefix: `10.4.6.1/24` → 10.4.6.0/24. */
export function parseSubnetAround(text: string): Subnet | undefined {
	const [base = '', bits, ...rest] = text.split('/');
	const address = parseAddress(base);
	if (!address || rest.length > 0) return undefined;
	if (bits !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return undefined;
	const prefix = bits === undefined ? widthOf(address.family) : Number(bits);
	return prefix > widthOf(address.family) ? undefined : subnetAround(address, prefix);
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

/** An address of a subnet with the subnet's prefix: `10.4.6.2/24`. */
export function formatWithin(subnet: Subnet, address: Address): string {
	return `${formatAddress(address)}/${subnet.prefix}`;
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

/** Those of them that lie in a block. */
export function assignableWithin(subnet: Subnet, block: Subnet): { readonly first: bigint; readonly last: bigint } {
	let { first, last } = assignable(subnet);
	if (block.first > first) first = block.first;
	if (block.last < last) last = block.last;
	return { first, last };
}

/** The first address that a host may hold. */
export function lowestAssignable(subnet: Subnet): Address {
	return { family: subnet.family, value: assignable(subnet).first };
}

/** Gateway of a network in this block: that which was given; `<auto>` is the lowest address. `''`: none. */
export function gatewayOf(gateway: string, block: string): string {
	const subnet = parseSubnet(block);
	if (gateway !== '<auto>') return gateway;
	return subnet === undefined ? '' : formatAddress(lowestAssignable(subnet));
}
