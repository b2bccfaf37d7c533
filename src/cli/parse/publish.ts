import type { PublishedPortConfig } from '#api/containers.ts';
import { KleeneError } from '#errors/kleene-error.ts';

/** Parsed `[IF:]HOST[:CONTAINER]`: interface or address, host ports, container ports. */
interface Spelled {
	/** Interface or address of the host, `''` for any. */
	readonly place: string;
	/** `N` or `N-M`; `''`: a free one. */
	readonly host: string;
	readonly container: string;
}

const PROTOCOLS: readonly PublishedPortConfig['protocol'][] = ['tcp', 'udp', 'sctp'];
const PORTS = /^[0-9-]*$/;

/**
 * @param text `[IF:]HOST[:CONTAINER][/PROTO]`. IF is an interface or an address of the host, an IPv6 one in brackets.
 * HOST and CONTAINER are ports or ranges `N-M`; HOST is empty for a free port.
 */
export function parsePublish(text: string): PublishedPortConfig {
	const [ports = '', word = 'tcp', ...moreSlashes] = text.split('/');
	const spelled = moreSlashes.length > 0 ? undefined : spell(ports);
	if (!spelled) throw undecodable(text, 'it has not the form [IF:]HOST[:CONTAINER][/PROTO]');
	const protocol = PROTOCOLS.find((one) => one === word);
	if (!protocol) throw undecodable(text, `'${word}' is none of ${PROTOCOLS.join(', ')}`);
	const { place, host, container } = spelled;
	return { interfaces: place === '' ? [] : [place], ...rangesOf(host, container), protocol };
}

function spell(text: string): Spelled | undefined {
	const bracketed = /^\[([^\]]+)\]:(.*)$/.exec(text);
	if (!bracketed && text.startsWith('[')) return undefined;
	const parts = (bracketed?.[2] ?? text).split(':');
	const named = bracketed !== null || parts.length === 3 || (parts.length === 2 && !PORTS.test(parts[0] ?? ''));
	const place = bracketed?.[1] ?? (named ? (parts.shift() ?? '') : '');
	const [host = '', container = host] = parts;
	const empty = container === '' || (named && place === '');
	return empty || parts.length > 2 ? undefined : { place, host, container };
}

/** On the wire a range is `N:M` on the host and `N:*` in the container; one of another width is for the daemon to refuse. */
function rangesOf(host: string, container: string): { host_port: string; container_port: string } {
	const [first, last] = host.split('-');
	const [target = '', end] = container.split('-');
	const host_port = host.replaceAll('-', ':');
	const sameWidth =
		last !== undefined && end !== undefined && Number(last) - Number(first) === Number(end) - Number(target);
	return { host_port, container_port: sameWidth ? `${target}:*` : container.replaceAll('-', ':') };
}

function undecodable(text: string, why: string): KleeneError {
	const what = `could not decode port to publish: ${text}`;
	const hint = 'write e.g. -p 8080:80, -p 53/udp, -p em0:8080:80/tcp, -p 5000-5100:6000-6100 or -p :80';
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint, message: what });
}
