/**
 * Addresses of both families: as numbers, so that ranges are arithmetic, as text and as bytes.
 * Text comes in through `parseAddress` and goes out in the canonical form (RFC 5952 for IPv6).
 */
import ipaddr from 'ipaddr.js';
import { type Family, familyOf, type PerFamily, widthOf } from './family.ts';

export interface Address {
	readonly family: Family;
	readonly value: bigint;
}

/** Stands for every address of its family where a process listens. */
export const UNSPECIFIED: Readonly<Record<Family, string>> = { 4: '0.0.0.0', 6: '::' };

/** IPv6 addresses that hold on one link only (RFC 4291, 2.5.6). */
export const LINK_LOCAL_BLOCK = 'fe80::/10';

/** Dotted quads and IPv6 text only: no short forms (`10.1`), no octal, no zone (`%em0`). */
export function parseAddress(text: string): Address | undefined {
	// The library takes ten times as long to see that an IPv6 address is no IPv4 address as to parse it.
	if (!text.includes(':')) {
		const valid = ipaddr.IPv4.isValidFourPartDecimal(text);
		return valid ? fromBytes(4, ipaddr.IPv4.parse(text).toByteArray()) : undefined;
	}
	const valid = !text.includes('%') && ipaddr.IPv6.isValid(text);
	return valid ? fromBytes(6, ipaddr.IPv6.parse(text).toByteArray()) : undefined;
}

function fromBytes(family: Family, bytes: readonly number[]): Address {
	return { family, value: bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) };
}

export function formatAddress({ family, value }: Address): string {
	const bytes: number[] = [];
	for (let shift = widthOf(family) - 8; shift >= 0; shift -= 8) bytes.push(Number((value >> BigInt(shift)) & 255n));
	return addressText(bytes);
}

/** Each under its family; at most one of each. */
export function perFamily(...addresses: readonly (Address | undefined)[]): PerFamily<Address> {
	const found = addresses.filter((address) => address !== undefined);
	return Object.fromEntries(found.map((address) => [address.family, address]));
}

/** 4 or 16 bytes, most significant first. @throws Error for text that is no address */
export function addressBytes(text: string): Buffer {
	const parser = familyOf(text) === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
	return Buffer.from(parser.parse(text).toByteArray());
}

/** Canonical text. @param bytes 4 or 16 of them, most significant first */
export function addressText(bytes: Buffer | readonly number[]): string {
	return bytes.length === 4 ? bytes.join('.') : new ipaddr.IPv6([...bytes]).toRFC5952String();
}

/** Whether IPv6 text, with or without prefix, lies in `LINK_LOCAL_BLOCK`. */
export function isLinkLocal(text: string): boolean {
	return /^fe[89ab][0-9a-f]:/i.test(text);
}

/** Whether an address stays on the host that uses it: 127.0.0.0/8 and ::1. */
export function isLoopback(text: string): boolean {
	return text.startsWith('127.') || text === '::1';
}

/** `10.4.6.2:80`, `[fd00::2]:80` */
export function withPort(address: string, port: number | string): string {
	return `${inBrackets(address)}:${port}`;
}

/** IPv6 text in brackets, as URLs and ports want it; anything else as it is. */
export function inBrackets(host: string): string {
	return familyOf(host) === 6 ? `[${host}]` : host;
}

/** Fixed-width hex, so that text order is numeric order. */
export function sortableKey({ family, value }: Address): string {
	return value.toString(16).padStart(widthOf(family) / 4, '0');
}

export function fromSortableKey(key: string): Address {
	return { family: key.length === 8 ? 4 : 6, value: BigInt(`0x${key}`) };
}
