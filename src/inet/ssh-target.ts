/** User, host and port of an ssh connection. */
import { inBrackets } from './address.ts';

export interface SshTarget {
	/** `''`: as the user's ssh configuration says. */
	readonly user: string;
	/** Name, address without brackets, or a `Host` of the user's ssh configuration. */
	readonly host: string;
	/** Undefined: as the user's ssh configuration says. */
	readonly port: number | undefined;
}

const TARGET =
	/^(?:([a-zA-Z_][a-zA-Z0-9_.-]*)@)?(\[[0-9a-fA-F:.]+(?:%[a-zA-Z0-9.]+)?\]|[a-zA-Z0-9][a-zA-Z0-9._-]*)(?::([0-9]{1,5}))?$/;

/**
 * Nothing that ssh could take for an option or a variable gets through.
 *
 * @param text `[USER@]HOST[:PORT]`, an IPv6 address in brackets
 */
export function parseSshTarget(text: string): SshTarget | undefined {
	const [, user = '', host = '', digits] = TARGET.exec(text) ?? [];
	const port = digits === undefined ? undefined : Number(digits);
	if (host === '' || (port !== undefined && (port < 1 || port > 65_535))) return undefined;
	return { user, host: host.replace(/^\[|\]$/g, ''), port };
}

/** For people, e.g. `root@bsd1`, `root@bsd1:2222`. */
export function nameOf({ user, host, port }: SshTarget): string {
	const address = port === undefined ? host : inBrackets(host);
	return `${user === '' ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`;
}

/** Command with which a user logs in by hand. */
export function loginCommand({ user, host, port }: SshTarget): string {
	return `ssh ${port === undefined ? '' : `-p ${port} `}${user === '' ? '' : `${user}@`}${host}`;
}
