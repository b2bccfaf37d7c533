import { KleeneError } from '#errors/kleene-error.ts';

/** A port of the host that leads to a port of a container. Ports are text because a range is one: `N`, `N:M`, `N:*`. */
export interface PublishedPort {
	/** Empty: the host's gateway interface. */
	readonly interfaces: readonly string[];
	readonly hostPort: string;
	readonly containerPort: string;
	readonly protocol: 'tcp' | 'udp';
}

export interface PortRange {
	readonly first: number;
	readonly last: number;
}

const NUMBER = /^(0|[1-9][0-9]{0,4})$/;

/** `N` or `N:M` with 1 ≤ N ≤ M ≤ 65535. */
export function parsePortRange(text: string): PortRange {
	const parts = text.split(':');
	if (parts.length > 2) throw refuse(text, 'could not decode port publishing specification');
	const [first, last = first] = parts.map(parsePort);
	if (first === undefined || last === undefined || last < first)
		throw refuse(text, 'invalid port value (should be in the range 0 - 65535)');
	return { first, last };
}

function parsePort(text: string): number {
	const value = Number(text);
	if (!NUMBER.test(text) || value < 1 || value > 65_535)
		throw refuse(text, 'invalid port value (should be in the range 0 - 65535)');
	return value;
}

function refuse(text: string, message: string): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot publish port '${text.slice(0, 40)}'`,
		why: 'a port is a number from 1 to 65535, a range is FIRST:LAST with FIRST not above LAST',
		mend: 'write it as 8080:80 or 8080:80/udp',
		message,
	});
}
