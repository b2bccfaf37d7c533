import { KleeneError } from '#errors/kleene-error.ts';

/** A parameter as typed: `name`, `name=value`, `prefix.noname`. */
export interface Parameter {
	readonly text: string;
	/** The known name that it stands for, else the one that was written. */
	readonly name: string;
	/** `undefined` without `=`. */
	readonly value: string | undefined;
	/** Written with `no`. */
	readonly negated: boolean;
}

/** Parameter names of jail(8); `+=` belongs to its configuration file. */
const NAME = /^[a-z0-9_]+(\.[a-z0-9_]+)*$/;
/** Characters of a single parameter. */
const LONGEST = 4096;

/** @param isKnown whether a name is one, so that `noname` is read as its opposite only where `name` exists */
export function splitParameter(text: string, isKnown: (name: string) => boolean): Parameter {
	const equals = text.indexOf('=');
	const written = equals === -1 ? text : text.slice(0, equals);
	const value = equals === -1 ? undefined : text.slice(equals + 1);
	if (written.endsWith('+'))
		throw refuseParameter(text, '"+=" belongs to jail.conf(5)', `repeat it: -J ${written.slice(0, -1)}=VALUE`);
	if (!NAME.test(written)) throw refuseParameter(text, 'it does not begin with the name of one', 'write NAME=VALUE');
	if (value !== undefined && /[\0\n\r]/.test(value))
		throw refuseParameter(text, 'its value holds a line break or NUL', 'write it in one line');
	if (text.length > LONGEST) throw refuseParameter(text, `it is longer than ${LONGEST} characters`, 'use a script');
	const positive = written.replace(/(^|\.)no([^.]+)$/, '$1$2');
	const negated = !isKnown(written) && isKnown(positive);
	return { text, name: negated ? positive : written, value, negated };
}

export function readFlag({ text, value, negated }: Parameter): boolean {
	if (value === undefined || value === 'true' || value === '1') return !negated;
	if (value === 'false' || value === '0') return negated;
	throw refuseParameter(text, 'its value is neither true nor false', 'write it as NAME or NAME=false');
}

/** Without the quotes that jail.conf(5) needs. */
export function readText({ text, value, negated }: Parameter): string {
	if (value === undefined || negated) throw refuseParameter(text, 'it needs a value', 'write it as NAME=VALUE');
	return value.replace(/^"(.*)"$/, '$1');
}

/** @returns seconds */
export function readSeconds(parameter: Parameter): number {
	const seconds = readText(parameter);
	if (/^[1-9]\d{0,4}$/.test(seconds) && Number(seconds) <= 86_400) return Number(seconds);
	throw refuseParameter(parameter.text, 'expected a number of seconds from 1 to 86400', 'write e.g. exec.timeout=60');
}

const HOSTNAME = /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62}[a-zA-Z0-9])?$/;

/** A host name, or the name of a domain. */
export function readHostname(parameter: Parameter): string {
	const name = readText(parameter);
	if (HOSTNAME.test(name)) return name;
	throw refuseParameter(parameter.text, 'it is not a host name', 'use letters, digits, "-" and "."');
}

export function refuseParameter(text: string, why: string, hint: string): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use jail parameter '${text.slice(0, 80)}'`,
		why,
		hint,
	});
}

export function adviceOn(name: string, known: readonly string[]): string {
	const nearest = known.toSorted((one, other) => distance(name, one) - distance(name, other))[0] ?? '';
	const close = distance(name, nearest) <= Math.max(2, name.length / 4);
	return close ? `did you mean ${nearest}?` : `known here: ${known.join(', ')}`;
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
