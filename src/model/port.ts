import { KleeneError } from '#errors/kleene-error.ts';
import { contains, formatSubnet, parseAddress, parseSubnet } from './address.ts';

/** A port of the host that leads to a port of a container. Ports are text because a range is one: `N`, `N:M`, `N:*`. */
export interface PublishedPort {
	/** Interfaces or addresses of the host that it is published on; empty: every address of the host. */
	readonly interfaces: readonly string[];
	/** `N` or `N:M`; `''` in a request: a free one, chosen when the container is created. */
	readonly hostPort: string;
	/** `N`, or `N:*` and `N:M` for a range as wide as that of the host. */
	readonly containerPort: string;
	readonly protocol: 'tcp' | 'udp';
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
	if (!NUMBER.test(text) || value > 65_535) throw badPort(whole);
	return value;
}

/** @returns the port as stored: where the request leaves the choice, a free one of the dynamic range. */
export function parsePublishedPort(port: PublishedPort, isFree: (port: number) => boolean): PublishedPort {
	for (const name of port.interfaces)
		if (!parseAddress(name) && !INTERFACE.test(name))
			throw refuse(name, 'it is neither an address nor the name of an interface', 'name one of the host');
	const hostPort = port.hostPort === '' || port.hostPort === '0' ? String(chooseFree(isFree)) : port.hostPort;
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
		throw new KleeneError({ code: 'INVALID_ARGUMENT', what, why, mend: 'write it as 192.0.2.0/24 or 2001:db8::/32' });
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
	throw refuse('', 'all ports from 49152 to 65535 are published', 'name a lower one');
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

function refuse(text: string, why: string, mend: string, message?: string): KleeneError {
	const what = `cannot publish port '${text.slice(0, 40)}'`;
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, mend, ...(message ? { message } : {}) });
}
