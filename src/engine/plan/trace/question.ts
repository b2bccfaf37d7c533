import { KleeneError } from '#errors/kleene-error.ts';
import { parseAddress } from '#inet/address.ts';

export type TraceProtocol = 'icmp' | 'tcp' | 'udp';

export interface TraceQuestion {
	readonly source: string;
	readonly destination: string;
	readonly protocol: TraceProtocol;
	/** 0 for ICMP. */
	readonly port: number;
}

/** @param destination `NAME`, `NAME:PORT`, `NAME:PORT/PROTO`; an IPv6 address with a port stands in brackets */
export function parseQuestion(source: string, destination: string): TraceQuestion {
	const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(destination);
	if (bracketed)
		return { source: bare(source), destination: bracketed[1] ?? '', ...service(destination, bracketed[2]) };
	if (parseAddress(destination)) return { source: bare(source), destination, ...service(destination, undefined) };
	const [name = '', port, ...rest] = destination.split(':');
	if (rest.length > 0) throw refuse(destination, 'an IPv6 address with a port stands in brackets');
	return { source: bare(source), destination: name, ...service(destination, port) };
}

function bare(text: string): string {
	return text.replace(/^\[([^\]]+)\]$/, '$1');
}

function service(whole: string, text: string | undefined): Pick<TraceQuestion, 'protocol' | 'port'> {
	if (text === undefined) return { protocol: 'icmp', port: 0 };
	const [number = '', protocol = 'tcp', ...rest] = text.split('/');
	const port = Number(number);
	if (!/^[1-9][0-9]{0,4}$/.test(number) || port > 65_535) throw refuse(whole, 'a port is a number from 1 to 65535');
	if (rest.length > 0 || (protocol !== 'tcp' && protocol !== 'udp')) throw refuse(whole, 'a protocol is tcp or udp');
	return { protocol, port };
}

function refuse(text: string, why: string): KleeneError {
	const what = `cannot trace to '${text.slice(0, 140)}'`;
	const hint = 'write it as web, web:80, web:53/udp, host:8080, outside, 10.4.6.2 or [fd00::2]:80';
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint });
}
