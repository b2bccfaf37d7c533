import { KleeneError } from '#errors/kleene-error.ts';
import { parseSshTarget, type SshTarget } from '#inet/ssh-target.ts';

/** Address of a daemon. `http:///path` and `https:///path` (three slashes) name a Unix socket. */
export type DaemonAddress =
	| { readonly kind: 'socket'; readonly path: string; readonly tls: boolean; readonly text: string }
	| {
			readonly kind: 'tcp';
			readonly host: string;
			readonly port: number;
			readonly tls: boolean;
			readonly text: string;
	  }
	| SshAddress;

/** A UNIX socket of another host, reached through an ssh connection. */
export interface SshAddress {
	readonly kind: 'ssh';
	readonly target: SshTarget;
	readonly path: string;
	readonly tls: false;
	readonly text: string;
}

/** Addresses that take connections themselves. */
export type DirectAddress = Exclude<DaemonAddress, SshAddress>;

const DEFAULT_SOCKET = '/var/run/kleened.sock';
export const DEFAULT_HOST = `http://${DEFAULT_SOCKET}`;

const SOCKET_URL = /^(?:(https?|unix):\/\/)?(\/.*)$/;

/**
 * @param text `http:///path.sock`, `https:///path.sock`, `unix:///path.sock`, `/path.sock`,
 * `http[s]://HOST[:PORT]` with an IPv6 address in brackets, ports default to 80 and 443;
 * `ssh://[USER@]HOST[:PORT][/path/to.sock]`, the socket defaults to `/var/run/kleened.sock`
 * @throws KleeneError INVALID_ARGUMENT
 */
export function parseDaemonAddress(text: string): DaemonAddress {
	if (text.startsWith('ssh://')) return parseSsh(text);
	const socket = SOCKET_URL.exec(text);
	if (socket?.[2]) {
		const [, scheme, path] = socket;
		if (/[?#]/.test(path)) throw unparsable(text, 'a socket path holds neither "?" nor "#"');
		return { kind: 'socket', path, tls: scheme === 'https', text };
	}
	return parseTcp(text);
}

/** Characters that mean something to the option -L of ssh(1), or to its configuration. */
const MEANINGFUL_TO_SSH = /[\s:%$\\"'?#\p{Cc}]/u;

function parseSsh(text: string): SshAddress {
	const [, place = '', path = ''] = /^ssh:\/\/([^/]*)(.*)$/s.exec(text) ?? [];
	const target = parseSshTarget(place);
	if (!target) throw unparsable(text, `"${place}" is not [USER@]HOST[:PORT]`);
	if (MEANINGFUL_TO_SSH.test(path))
		throw unparsable(text, 'the path of the socket has a character that ssh cannot take');
	return { kind: 'ssh', target, path: /^\/*$/.test(path) ? DEFAULT_SOCKET : path, tls: false, text };
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
		hint: `write http:///path/to.sock, unix:///path/to.sock, http://ADDRESS:PORT, https://ADDRESS:PORT or ssh://USER@HOST`,
	});
}

/** For messages: the address as the user wrote it; a socket in the usual form is better known by its path. */
export function describeAddress({ text }: DaemonAddress): string {
	return text.replace(/^http:\/\/(?=\/)/, '');
}
