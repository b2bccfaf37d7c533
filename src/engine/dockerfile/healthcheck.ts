import type { Action } from '#model/build/dockerfile.ts';
import type { Statement } from './statement.ts';
import { invalidInstruction } from './syntax-error.ts';
import { jsonWords } from './words.ts';

/** HEALTHCHECK: `NONE`, or options and a command after `CMD`. */
export function healthcheck(statement: Statement): Action {
	const [, word = '', text = ''] = /^(\S+)\s*([\s\S]*)$/.exec(statement.text) ?? [];
	const options = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };
	for (const [name, value] of statement.flags) readOption(statement, options, name, value ?? '');
	if (word.toUpperCase() === 'NONE' && text === '') return { kind: 'healthcheck', command: 'none', options };
	if (word.toUpperCase() !== 'CMD' || text === '') {
		const hint = 'write HEALTHCHECK [OPTIONS] CMD COMMAND, or HEALTHCHECK NONE';
		throw invalidInstruction(statement.number, statement.line, 'HEALTHCHECK has no command', hint);
	}
	const words = jsonWords(text);
	return {
		kind: 'healthcheck',
		command: words === undefined ? { form: 'shell', text } : { form: 'exec', words },
		options,
	};
}

interface Options {
	interval: number;
	timeout: number;
	startPeriod: number;
	startInterval: number;
	retries: number;
}

const FIELDS: ReadonlyMap<string, Exclude<keyof Options, 'retries'>> = new Map(
	Object.entries<Exclude<keyof Options, 'retries'>>({
		interval: 'interval',
		timeout: 'timeout',
		'start-period': 'startPeriod',
		'start-interval': 'startInterval',
	}),
);

function readOption(statement: Statement, options: Options, name: string, value: string): void {
	const { number, line } = statement;
	if (name === 'retries') {
		if (!/^[1-9]\d{0,4}$/.test(value))
			throw invalidInstruction(number, line, `"${value}" is no count`, 'use a whole number');
		options.retries = Number(value);
		return;
	}
	const field = FIELDS.get(name);
	if (field === undefined) {
		const hint = 'use --interval, --timeout, --start-period, --start-interval, --retries';
		throw invalidInstruction(number, line, `HEALTHCHECK has no option --${name}`, hint);
	}
	const duration = milliseconds(value);
	if (duration === undefined)
		throw invalidInstruction(number, line, `"${value}" is no duration`, 'write e.g. 30s, 1m30s');
	options[field] = duration;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration like `1m30s`; undefined where it is none. */
function milliseconds(text: string): number | undefined {
	if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
	let sum = 0;
	for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
		sum += Number(count) * (UNITS[unit] ?? 0);
	return Math.round(sum);
}
