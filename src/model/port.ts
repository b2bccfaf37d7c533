import { KleeneError } from '#errors/kleene-error.ts';
import { parseAddress } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { contains, formatSubnet, parseSubnet } from '#inet/subnet.ts';

/** Protocols with ports that can be published. SCTP (RFC 9260) where the host has it. */
export const PORT_PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
export type PortProtocol = (typeof PORT_PROTOCOLS)[number];

/** Undefined for another word. */
export function parsePortProtocol(text: string): PortProtocol | undefined {
	return PORT_PROTOCOLS.find((one) => one === text);
}

/** A port of the host that leads to a port of a container. Ports are text because a range is one: `N`, `N:M`, `N:*`. */
export interface PublishedPort {
	/** Interfaces or addresses of the host that it is published on; empty: every address of the host. */
	readonly interfaces: readonly string[];
	/** `N` or `N:M`; `''` in a request: a free one, chosen when the container is created. */
	readonly hostPort: string;
	/** `N`, or `N:*` and `N:M` for a range as wide as that of the host. */
	readonly containerPort: string;
	readonly protocol: PortProtocol;
}

/** Ports that publishing takes on the host. */
export interface PortPlace {
	readonly protocol: PublishedPort['protocol'];
	/** `''` for every address of the host. */
	readonly hostAddress: string;
	/** First of a range. */
	readonly first: number;
	/** Address of the container; its family is that of the port. */
	readonly target: string;
}

/** Names that place: published ports with the same key take each other's place. */
export function portKey({ protocol, hostAddress, first, target }: PortPlace): string {
	return `${protocol} ${hostAddress} ${first} ${familyOf(target)}`;
}

/** `first` to `last` on the host lead to `targetFirst` and following in the container. */
export interface PortRange {
	readonly first: number;
	readonly last: number;
	readonly targetFirst: number;
}

const NUMBER = /^[1-9][0-9]{0,4}$/;
const INTERFACE = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/;
const DYNAMIC = { first: 49_152, last: 65_535 };

export function parsePortRange({ hostPort, containerPort }: PublishedPort): PortRange {
	const [first, last] = parseRange(hostPort, hostPort);
	const [targetText = '', endText] = containerPort.split(':');
	const targetFirst = parsePort(targetText, containerPort);
	const targetLast = targetFirst + last - first;
	if (targetLast > 65_535) throw badPort(containerPort);
	const end = endText === undefined || endText === '*' ? targetLast : parsePort(endText, containerPort);
	const tooLong = containerPort.split(':').length > 2;
	if (tooLong) throw undecodable(containerPort);
	if (end !== targetLast || (endText === undefined && first !== last))
		throw refuse(`${hostPort} to ${containerPort}`, 'the two ranges are not of the same width', WIDTHS);
	return { first, last, targetFirst };
}

const WIDTHS = 'write both ranges with the same number of ports, e.g. 5000-5100:6000-6100';

function parseRange(text: string, whole: string): [number, number] {
	const parts = text.split(':');
	if (parts.length > 2) throw undecodable(whole);
	const [first = 0, last = first] = parts.map((part) => parsePort(part, whole));
	if (last < first) throw badPort(whole);
	return [first, last];
}

function parsePort(text: string, whole: string): number {
	const value = Number(text);
	if (text === '0')
		throw refuse(
			whole,
			'containers have no port 0',
			'for a free port of the host, name that of the container: -p 0:80',
		);
	if (!NUMBER.test(text) || value > 65_535) throw badPort(whole);
	return value;
}

/** Whether no other container publishes it. */
export type FreePorts = (protocol: PublishedPort['protocol'], port: number) => boolean;

/**
 * Ports of one container.
 *
 * @returns the ports as stored: where the request leaves the choice, a free one of the dynamic range
 */
export function parsePublishedPorts(ports: readonly PublishedPort[], isFree: FreePorts): PublishedPort[] {
	const settled = new Map<PublishedPort, PublishedPort>();
	const rivals = ({ protocol }: PublishedPort) => [...settled.values()].filter((other) => other.protocol === protocol);
	// A choice comes after what is named, so that it keeps out of its way.
	for (const port of ports.toSorted((one, other) => Number(isChoice(one)) - Number(isChoice(other)))) {
		const free = (number: number) =>
			isFree(port.protocol, number) && !rivals(port).some((rival) => meet(rival, { first: number, last: number }));
		const parsed = parsePublishedPort(port, free);
		const clash = rivals(parsed).find((rival) => meet(rival, parsePortRange(parsed)) && sharePlace(rival, parsed));
		if (clash) throw twice(parsed);
		settled.set(port, parsed);
	}
	return ports.map((port) => settled.get(port)!);
}

function isChoice({ hostPort }: PublishedPort): boolean {
	return hostPort === '' || hostPort === '0';
}

function meet(port: PublishedPort, { first, last }: Pick<PortRange, 'first' | 'last'>): boolean {
	const range = parsePortRange(port);
	return range.first <= last && first <= range.last;
}

/** As far as that can be told without asking the host which addresses its interfaces have. */
function sharePlace({ interfaces: one }: PublishedPort, { interfaces: other }: PublishedPort): boolean {
	return one.length === 0 || other.length === 0 || one.some((name) => other.includes(name));
}

function twice({ hostPort, protocol }: PublishedPort): KleeneError {
	const what = `cannot publish port ${hostPort.replace(':', '-')}/${protocol}`;
	const why = 'the container publishes it twice';
	return new KleeneError({ code: 'PORT_TAKEN', what, why, hint: 'publish each port of the host once' });
}

function parsePublishedPort(port: PublishedPort, isFree: (port: number) => boolean): PublishedPort {
	for (const name of port.interfaces)
		if (!parseAddress(name) && !INTERFACE.test(name))
			throw refuse(name, 'it is neither an address nor the name of an interface', 'name one of the host');
	const hostPort = isChoice(port) ? String(chooseFree(isFree)) : port.hostPort;
	const parsed = { ...port, hostPort };
	parsePortRange(parsed);
	return parsed;
}

/**
 * Sources that may use published ports. A block within another one says nothing more and is left out.
 *
 * @returns canonical, each once, in the order in which they were given
 */
export function parsePublishFrom(blocks: readonly string[]): string[] {
	const parsed = blocks.map((text) => {
		const block = parseSubnet(text);
		if (block) return block;
		const what = `cannot publish ports for '${text.slice(0, 60)}' alone`;
		const why = 'it is neither an address nor a block of addresses without host bits';
		throw new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint: 'write it as 192.0.2.0/24 or 2001:db8::/32' });
	});
	const outermost = parsed.filter((block) => {
		const { family, first } = block;
		return !parsed.some((other) => other.prefix < block.prefix && contains(other, { family, value: first }));
	});
	return [...new Set(outermost.map(formatSubnet))];
}

function chooseFree(isFree: (port: number) => boolean): number {
	const size = DYNAMIC.last - DYNAMIC.first + 1;
	const start = (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) % size;
	for (let offset = 0; offset < size; offset += 1) {
		const port = DYNAMIC.first + ((start + offset) % size);
		if (isFree(port)) return port;
	}
	throw new KleeneError({
		code: 'PORT_TAKEN',
		what: 'cannot choose a free port of the host',
		why: 'all ports from 49152 to 65535 are published by containers, running or not',
		hint: 'choose an unpublished port, or remove unused containers',
	});
}

function badPort(text: string): KleeneError {
	const why = 'a port is a number from 1 to 65535, and a range ends where it begins or later';
	const message = 'invalid port value (should be in the range 0 - 65535)';
	return refuse(text, why, 'write it as 8080:80, 8080:80/udp or 5000-5100:6000-6100', message);
}

function undecodable(text: string): KleeneError {
	const message = 'could not decode port publishing specification';
	return refuse(text, message, 'write it as 8080:80, 8080:80/udp or 5000-5100:6000-6100', message);
}

function refuse(text: string, why: string, hint: string, message?: string): KleeneError {
	const what = `cannot publish port '${text.slice(0, 40)}'`;
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint, ...(message ? { message } : {}) });
}
