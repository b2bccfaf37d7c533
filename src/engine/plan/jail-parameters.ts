import { KleeneError } from '#errors/kleene-error.ts';

/** What the jail parameters of a container mean for its processes. */
export interface JailSettings {
	readonly rawSockets: boolean;
	/** `undefined`: the container's id. */
	readonly hostname: string | undefined;
	/** Beats the user of the container and of the execution instance. */
	readonly user: string | undefined;
}

/**
 * Parameters that have a meaning on every host, with the type of their value. What each comes to on Linux stands in
 * docs/jail-parameters.md.
 */
const KNOWN: Readonly<Record<string, 'boolean' | 'text'>> = {
	'allow.mlock': 'boolean',
	'allow.raw_sockets': 'boolean',
	'allow.reserved_ports': 'boolean',
	'allow.set_hostname': 'boolean',
	'allow.sysvipc': 'boolean',
	'exec.clean': 'boolean',
	'exec.jail_user': 'text',
	'host.hostname': 'text',
	'mount.devfs': 'boolean',
};

/**
 * What cannot be otherwise here, because a namespace or a default of ours decides it: saying so is accepted, asking for
 * the opposite is refused rather than ignored.
 */
const FIXED: Readonly<Record<string, boolean>> = {
	'allow.mlock': true,
	'allow.reserved_ports': true,
	'allow.set_hostname': false,
	'allow.sysvipc': true,
	'exec.clean': true,
	'mount.devfs': true,
};

const HOSTNAME = /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62}[a-zA-Z0-9])?$/;

/** `name`, `name=value`, and for booleans `prefix.noname`. A parameter given twice: the last one holds. */
export function parseJailParameters(parameters: readonly string[]): JailSettings {
	const values = new Map<string, string | boolean>();
	for (const parameter of parameters) {
		const [name, value] = parseOne(parameter);
		values.set(name, value);
	}
	const hostname = values.get('host.hostname');
	if (typeof hostname === 'string' && !HOSTNAME.test(hostname))
		throw refuse(`host.hostname=${hostname}`, 'it is not a host name', 'use letters, digits, "-" and "."');
	return {
		rawSockets: values.get('allow.raw_sockets') === true,
		hostname: typeof hostname === 'string' ? hostname : undefined,
		user: textOf(values.get('exec.jail_user')),
	};
}

function textOf(value: string | boolean | undefined): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}

function parseOne(parameter: string): [string, string | boolean] {
	const equals = parameter.indexOf('=');
	const written = equals === -1 ? parameter : parameter.slice(0, equals);
	const value = equals === -1 ? undefined : parameter.slice(equals + 1);
	const positive = written.replace(/(^|\.)no([^.]+)$/, '$1$2');
	const negated = !(written in KNOWN) && positive in KNOWN;
	const name = negated ? positive : written;
	const type = KNOWN[name];
	if (!type) throw refuse(parameter, 'this host has no such jail parameter', adviceOn(name));
	if (type === 'text') return [name, requireText(parameter, value, negated)];
	const flag = parseFlag(parameter, value) !== negated;
	const fixed = FIXED[name];
	if (fixed !== undefined && flag !== fixed)
		throw refuse(parameter, `on this host ${name} is always ${fixed}`, 'leave it out');
	return [name, flag];
}

function requireText(parameter: string, value: string | undefined, negated: boolean): string {
	if (value === undefined || negated) throw refuse(parameter, 'it needs a value', 'write it as NAME=VALUE');
	return value.replace(/^"(.*)"$/, '$1');
}

function parseFlag(parameter: string, value: string | undefined): boolean {
	if (value === undefined || value === 'true' || value === '1') return true;
	if (value === 'false' || value === '0') return false;
	throw refuse(parameter, 'its value is neither true nor false', 'write it as NAME or NAME=false');
}

function refuse(parameter: string, why: string, mend: string): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use jail parameter '${parameter.slice(0, 80)}'`,
		why,
		mend,
	});
}

function adviceOn(name: string): string {
	const names = Object.keys(KNOWN);
	const nearest = names.toSorted((one, other) => distance(name, one) - distance(name, other))[0] ?? '';
	const close = distance(name, nearest) <= Math.max(2, name.length / 4);
	return close ? `did you mean ${nearest}?` : `known here: ${names.join(', ')}`;
}

/** Levenshtein: how many letters to add, drop or change. */
function distance(from: string, to: string): number {
	let row = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (const [i, letter] of [...from].entries()) {
		const next = [i + 1];
		for (const [j, other] of [...to].entries())
			next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === other ? 0 : 1)));
		row = next;
	}
	return row[to.length]!;
}
