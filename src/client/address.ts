import { KleeneError } from '#errors/kleene-error.ts';

/** Address of a daemon. `http:///path` and `https:///path` (three slashes) name a Unix socket. */
export type DaemonAddress =
	| { readonly kind: 'socket'; readonly path: string; readonly tls: boolean; readonly text: string }
	| {
			readonly kind: 'tcp';
			readonly host: string;
			readonly port: number;
			readonly tls: boolean;
			readonly text: string;
	  };

export const DEFAULT_HOST = 'http:///var/run/kleened.sock';

const SOCKET_URL = /^(?:(https?|unix):\/\/)?(\/.*)$/;

/**
 * @param text `http:///path.sock`, `https:///path.sock`, `unix:///path.sock`, `/path.sock`,
 * `http[s]://HOST[:PORT]` with an IPv6 address in brackets; ports default to 80 and 443
 * @throws KleeneError INVALID_ARGUMENT
 */
export function parseDaemonAddress(text: string): DaemonAddress {
	const socket = SOCKET_URL.exec(text);
	if (socket?.[2]) {
		const [, scheme, path] = socket;
		if (/[?#]/.test(path)) throw unparsable(text, 'a socket path holds neither "?" nor "#"');
		return { kind: 'socket', path, tls: scheme === 'https', text };
	}
	return parseTcp(text);
}

function parseTcp(text: string): DaemonAddress {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (!url || !/^https?:$/.test(url.protocol)) throw unparsable(text, 'it is neither a URL nor an absolute path');
	if (url.search || url.hash || url.username || url.pathname !== '/')
		throw unparsable(text, 'only a scheme, a host and a port belong into it');
	const tls = url.protocol === 'https:';
	const host = url.hostname.replace(/^\[|\]$/g, '');
	return { kind: 'tcp', host, port: Number(url.port || (tls ? 443 : 80)), tls, text };
}

function unparsable(text: string, why: string): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `Could not parse the '--host' parameter`,
		why: `'${text}': ${why}`,
		hint: `write http:///path/to.sock, unix:///path/to.sock, http://ADDRESS:PORT or https://ADDRESS:PORT`,
	});
}

/** For messages: the address as the user wrote it; a socket in the usual form is better known by its path. */
export function describeAddress({ text }: DaemonAddress): string {
	return text.replace(/^http:\/\/(?=\/)/, '');
}
