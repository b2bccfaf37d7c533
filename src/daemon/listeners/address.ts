import { isIP, type ListenOptions } from 'node:net';
import { KleeneError } from '#errors/kleene-error.ts';
import { inBrackets } from '#inet/address.ts';

export interface ListenAddress {
	/** Whether connections use TLS. */
	readonly secure: boolean;
	/** A UNIX socket (`path`), or an IP address (`host`) and a port; port 0: any that is free. */
	readonly at: Pick<ListenOptions, 'path' | 'host' | 'port'>;
}

/**
 * @param address `http[s]:///path/to.sock`, `http[s]://IPV4[:PORT]` or `http[s]://[IPV6][:PORT]`; ports default to 80 and 443
 * @throws KleeneError CONFIG_INVALID
 */
export function parseListenAddress(address: string): ListenAddress {
	const match = /^(https?):\/\/(\/[^?#]*|[^/?#]*)\/?$/.exec(address);
	const secure = match?.[1] === 'https';
	const place = match?.[2] ?? '';
	if (place.startsWith('/')) return { secure, at: { path: place } };
	const host = /^(?:\[([^\]]+)\]|([^:@]+))(?::(\d+))?$/.exec(place);
	const ip = host?.[1] ?? host?.[2] ?? '';
	const port = Number(host?.[3] ?? (secure ? 443 : 80));
	if (!match || isIP(ip) === 0 || port > 65_535)
		throw refuseListener(
			address,
			'it is not a listener address',
			'write it as http:///path/to.sock or http://127.0.0.1:8080',
		);
	return { secure, at: { host: ip, port } };
}

/** The address with the port that the system chose in place of 0. */
export function withPort(address: string, port: number): string {
	const { secure, at } = parseListenAddress(address);
	if (at.port !== 0) return address;
	return `${secure ? 'https' : 'http'}://${inBrackets(at.host ?? '')}:${port}`;
}

export function refuseListener(address: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'CONFIG_INVALID', what: `cannot listen on ${address}`, why, hint });
}
