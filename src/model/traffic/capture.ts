import { KleeneError } from '#errors/kleene-error.ts';
import { PORT_PROTOCOLS, type PortProtocol, parsePortProtocol } from '../port.ts';

/** An interface of the host, and the packets that are captured there. */
export interface CapturedInterface {
	readonly name: string;
	/** In the language of pcap-filter(7); `''`: all. */
	readonly filter: string;
}

/** Packets that a host captures. */
export interface CaptureRequest {
	/** Id of the running container whose network stack it is; undefined: that of the host. */
	readonly container: string | undefined;
	/** Empty: all interfaces of the stack. */
	readonly interfaces: readonly CapturedInterface[];
	/** In the language of pcap-filter(7), see `checkFilter`; `''`: all. */
	readonly filter: string;
	/** `packets`: as tcpdump writes them to files (pcap-savefile(5)); `lines`: readable. */
	readonly form: 'packets' | 'lines';
	/** Packets after which it ends. */
	readonly count: number;
}

/** Counts at the end. `failure`: words of a program that ended by itself; `''` for none. */
export interface CaptureEnd {
	readonly packets: number;
	/** Packets that came faster than they were read. */
	readonly dropped: number;
	readonly failure: string;
}

const MOST_CHARACTERS = 2000;

/**
 * @returns the filter without space around it. Its syntax is for tcpdump to judge.
 * @throws INVALID_ARGUMENT
 */
export function checkFilter(text: string): string {
	const refuse = (why: string) =>
		new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: 'cannot use the filter',
			why,
			hint: 'write it as for tcpdump, e.g. "tcp port 80 and host 10.4.6.2"; see pcap-filter(7)',
		});
	if (text.length > MOST_CHARACTERS) throw refuse(`it has more than ${MOST_CHARACTERS} characters`);
	if (!/^[\x20-\x7e]*$/.test(text)) throw refuse('it has characters that are not printable ASCII');
	if (!isBalanced(text)) throw refuse('its parentheses do not match');
	return text.trim();
}

/** So that a filter stays one when it is put in parentheses beside another one. */
function isBalanced(text: string): boolean {
	let depth = 0;
	for (const character of text) {
		if (character === '(') depth++;
		if (character === ')' && --depth < 0) return false;
	}
	return depth === 0;
}

/** All of these; empty ones are left out. */
export function bothFilters(...filters: readonly string[]): string {
	const given = filters.filter((one) => one !== '');
	return given.length < 2 ? (given[0] ?? '') : given.map((one) => `(${one})`).join(' and ');
}

/** One of these. */
export function eitherFilter(filters: readonly string[]): string {
	return filters.length < 2 ? (filters[0] ?? '') : filters.map((one) => `(${one})`).join(' or ');
}

/** A port of the host. */
export interface CapturedPort {
	/** Undefined: any. */
	readonly protocol: PortProtocol | undefined;
	readonly port: number;
}

const PORT = /^(?:([a-z]+)\/)?([1-9]\d{0,4})(?:\/([a-z]+))?$/;

/** `tcp/8080`, `8080/tcp` or `8080`; undefined for anything else. */
export function parseCapturedPort(text: string): CapturedPort | undefined {
	const [, before, digits, after] = PORT.exec(text) ?? [];
	const word = before ?? after;
	const protocol = word === undefined ? undefined : parsePortProtocol(word);
	const port = Number(digits);
	if (digits === undefined || port > 65_535 || (before !== undefined && after !== undefined)) return undefined;
	return word !== undefined && protocol === undefined ? undefined : { protocol, port };
}

export function describePort({ protocol, port }: CapturedPort): string {
	return protocol === undefined ? `port ${port}` : `port ${port} of ${protocol}`;
}

/** Protocols of a port, each with its filter. */
export function protocolsOf({ protocol }: CapturedPort): readonly PortProtocol[] {
	return protocol === undefined ? PORT_PROTOCOLS : [protocol];
}
