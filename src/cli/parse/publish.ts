import type { PublishedPortConfig } from '#api/containers.ts';
import { KleeneError } from '#errors/kleene-error.ts';

/** @param text `HOST[:CONTAINER][/PROTO]` or `INTERFACE:HOST:CONTAINER[/PROTO]` */
export function parsePublish(text: string): PublishedPortConfig {
	const [ports = '', protocol = 'tcp', ...moreSlashes] = text.split('/');
	const parts = ports.split(':');
	if (moreSlashes.length > 0 || parts.length > 3 || parts.includes(''))
		throw undecodable(text, 'it has not the form HOST[:CONTAINER][/PROTO] or IF:HOST:CONTAINER[/PROTO]');
	if (protocol !== 'tcp' && protocol !== 'udp') throw undecodable(text, `'${protocol}' is neither tcp nor udp`);
	const [host_port = '', container_port = host_port] = parts.length === 3 ? parts.slice(1) : parts;
	return { interfaces: parts.length === 3 ? parts.slice(0, 1) : [], host_port, container_port, protocol };
}

function undecodable(text: string, why: string): KleeneError {
	const what = `could not decode port to publish: ${text}`;
	const mend = 'write e.g. -p 8080:80, -p 53/udp or -p em0:8080:80/tcp';
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, mend, message: what });
}
