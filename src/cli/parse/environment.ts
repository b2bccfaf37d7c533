import { readFileSync } from 'node:fs';
import { messageOf } from '#errors/kleene-error.ts';
import { usageError } from '../failure.ts';
import { requireText, textOf } from '../utf8.ts';

export interface EnvironmentOptions {
	readonly env: readonly string[];
	readonly envFile?: readonly string[];
}

/** Variables of files, then those of options: later ones win. `NAME` alone stands for the variable of klee's own environment. */
export function environmentOf({ env, envFile = [] }: EnvironmentOptions, own = process.env): string[] {
	return [...envFile.flatMap((path) => readVariables(path, own)), ...env.flatMap((one) => variable(one, own))];
}

/** Value of a variable, never what every object has, such as `__proto__`. */
export function ownVariable(name: string, own = process.env): string | undefined {
	return Object.hasOwn(own, name) ? own[name] : undefined;
}

/** One that is not set here is not set there. */
function variable(text: string, own: NodeJS.ProcessEnv): string[] {
	const equals = text.indexOf('=');
	if (equals > 0) return [text];
	if (equals === 0 || text === '' || /\s/.test(text))
		throw usageError(
			`'${text}' sets no environment variable`,
			'it has neither the form NAME=VALUE nor NAME',
			'write --env NAME=VALUE, or --env NAME to pass one on',
		);
	const value = ownVariable(text, own);
	requireText(value ?? '', `environment variable ${text}`, 'environment');
	return value === undefined ? [] : [`${text}=${value}`];
}

/** `NAME=VALUE` or `NAME` in each line, verbatim; empty lines and those that begin with # are left out. */
function readVariables(path: string, own: NodeJS.ProcessEnv): string[] {
	const lines = readText(path)
		.replace(/^\ufeff/, '')
		.split(/\r?\n/);
	return lines.flatMap((line, index) => {
		const text = line.trimStart();
		if (text === '' || text.startsWith('#')) return [];
		const name = text.split('=', 1)[0] ?? '';
		if (name === '' || /\s/.test(name))
			throw usageError(
				`cannot read environment variables from ${path}`,
				`line ${index + 1} has no name in front of its =, or one with blanks`,
				'write NAME=VALUE in each line, without quotes and "export"',
			);
		return variable(text, own);
	});
}

function readText(path: string): string {
	let bytes: Buffer;
	try {
		bytes = readFileSync(path);
	} catch (error) {
		throw usageError(
			`cannot read environment variables from ${path}`,
			messageOf(error),
			'name a file with NAME=VALUE in each line',
		);
	}
	return textOf(bytes, `file ${path}`);
}
