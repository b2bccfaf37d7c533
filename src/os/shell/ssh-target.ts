/** User, host and port of an ssh connection. */
import { inBrackets } from '#inet/address.ts';
export interface SshTarget {
	/** `''`: as the user's ssh configuration says. */
	readonly user: string;
	/** Name, address, or a `Host` of the user's ssh configuration. */
	readonly host: string;
	/** Undefined: as the user's ssh configuration says. */
	readonly port: number | undefined;
}

/** For people, e.g. `root@bsd1`, `root@bsd1:2222`. */
export function nameOf({ user, host, port }: SshTarget): string {
	const address = port === undefined ? host : inBrackets(host);
	return `${user === '' ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`;
}
