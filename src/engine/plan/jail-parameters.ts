import { KleeneError } from '#errors/kleene-error.ts';

/** What the jail parameters of a container mean for its processes. */
export interface JailSettings {
	readonly rawSockets: boolean;
	/** `undefined`: the container's id. */
	readonly hostname: string | undefined;
	/** Beats the user of the container and of the execution instance. */
	readonly user: string | undefined;
}

/** Parameters that have a meaning on every host, with the type of their value. */
const KNOWN: Readonly<Record<string, 'boolean' | 'text'>> = {
	'allow.raw_sockets': 'boolean',
	'host.hostname': 'text',
	'exec.jail_user': 'text',
	'exec.clean': 'boolean',
	'mount.devfs': 'boolean',
};

/** Values that only a host of another kind could honour: `exec.clean=false` would leak the daemon's environment. */
const FIXED: Readonly<Record<string, boolean>> = { 'exec.clean': true, 'mount.devfs': true };

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
	if (!type)
		throw refuse(parameter, 'this host has no such jail parameter', `known here: ${Object.keys(KNOWN).join(', ')}`);
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
