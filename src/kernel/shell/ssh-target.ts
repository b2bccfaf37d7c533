import { KleeneError } from '#errors/kleene-error.ts';

/** Who to log in as, and where. */
export interface SshTarget {
	/** `''`: as the user's ssh configuration says. */
	readonly user: string;
	/** Name, address, or a `Host` of the user's ssh configuration. */
	readonly host: string;
	/** Undefined: as the user's ssh configuration says. */
	readonly port: number | undefined;
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._:%-]*$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/**
 * `ssh://[USER@]HOST[:PORT]`, `ssh://` may be left out; an IPv6 address in brackets. Nothing that ssh(1) would read as
 * an option. Throws KleeneError CONFIG_INVALID.
 */
export function parseSshTarget(text: string): SshTarget {
	const parts = /^(?:ssh:\/\/)?(?:([^@/]*)@)?(?:\[([^\]]+)\]|([^:/[\]]+))(?::(\d+))?\/?$/.exec(text);
	if (parts === null) throw refuse(text, 'it is not of the form ssh://USER@HOST:PORT');
	const [, user = '', bracketed, plain, digits] = parts;
	const host = bracketed ?? plain!;
	const port = digits === undefined ? undefined : Number(digits);
	if (user !== '' && !USER.test(user)) throw refuse(text, `${user} is not the name of a user`);
	if (!NAME.test(host)) throw refuse(text, `${host} is not the name or address of a host`);
	if (port !== undefined && (port < 1 || port > 65535)) throw refuse(text, `${port} is not a port, 1 to 65535`);
	return { user, host, port };
}

/** For people, e.g. `root@bsd1`, `root@bsd1:2222`. */
export function nameOf({ user, host, port }: SshTarget): string {
	const address = host.includes(':') && port !== undefined ? `[${host}]` : host;
	return `${user === '' ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`;
}

function refuse(text: string, why: string): KleeneError {
	return new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot reach a host as ${text}`,
		why,
		mend: 'write it as e.g. ssh://root@bsd1 or ssh://root@10.0.0.2:2222',
	});
}
