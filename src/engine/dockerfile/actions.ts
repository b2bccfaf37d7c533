import type { Action, Command } from '#model/build/dockerfile.ts';
import { healthcheck } from './healthcheck.ts';
import { mountOptions } from './mount-options.ts';
import type { Statement } from './statement.ts';
import { invalidInstruction, syntaxError } from './syntax-error.ts';
import { transfer } from './transfer.ts';
import { jsonWords, splitPair, splitWords } from './words.ts';

type Reader = (statement: Statement, escapeChar: string) => Action;

/** The meaning of a statement. */
export function actionOf(statement: Statement, escapeChar: string): Action {
	const reader = READERS[statement.keyword];
	if (reader === undefined) throw unknownInstruction(statement);
	if (!FLAGGED.includes(statement.keyword) && statement.flags.length > 0) {
		throw invalidInstruction(
			...place(statement),
			`${statement.keyword} has no option --${statement.flags[0]?.[0]}`,
			'remove it',
		);
	}
	if (statement.text === '' && statement.heredocs.length === 0) {
		throw invalidInstruction(...place(statement), `${statement.keyword} has no arguments`, 'complete the instruction');
	}
	return reader(statement, escapeChar);
}

const FLAGGED = ['RUN', 'COPY', 'ADD', 'HEALTHCHECK'];

const READERS: Readonly<Record<string, Reader>> = {
	RUN: run,
	COPY: (statement, escapeChar) => transfer('copy', statement, escapeChar),
	ADD: (statement, escapeChar) => transfer('add', statement, escapeChar),
	ENV: (statement, escapeChar) => ({ kind: 'env', pairs: variablePairs(statement, escapeChar) }),
	LABEL: (statement, escapeChar) => ({ kind: 'label', pairs: pairs(statement, escapeChar) }),
	MAINTAINER: ({ text }) => ({ kind: 'label', pairs: [['maintainer', text]] }),
	ARG: args,
	USER: ({ text }) => ({ kind: 'user', value: text }),
	WORKDIR: ({ text }) => ({ kind: 'workdir', value: text }),
	STOPSIGNAL: ({ text }) => ({ kind: 'stopsignal', value: text }),
	CMD: ({ text }) => ({ kind: 'cmd', command: command(text) }),
	ENTRYPOINT: ({ text }) => ({ kind: 'entrypoint', command: command(text) }),
	EXPOSE: ({ text }, escapeChar) => ({ kind: 'expose', values: splitWords(text, escapeChar) }),
	VOLUME: ({ text }, escapeChar) => ({ kind: 'volume', values: jsonWords(text) ?? splitWords(text, escapeChar) }),
	SHELL: shell,
	HEALTHCHECK: healthcheck,
};

/** A command in either of its forms. */
export function command(text: string): Command {
	const words = jsonWords(text);
	return words === undefined ? { form: 'shell', text } : { form: 'exec', words };
}

function run(statement: Statement): Action {
	const mounts = mountOptions(statement);
	const input = statement.heredocs[0];
	if (statement.heredocs.length > 1) {
		throw invalidInstruction(...place(statement), 'RUN takes one here-document', 'use one RUN for each');
	}
	const text = statement.text.replace(/<<-?(["']?)[A-Za-z_][\w.]*\1/, '').trim();
	return { kind: 'run', command: command(input === undefined ? statement.text : text), input, mounts };
}

function args(statement: Statement, escapeChar: string): Action {
	const read = splitWords(statement.text, escapeChar).map((word) => {
		const pair = splitPair(word, escapeChar);
		checkName(statement, pair?.[0] ?? word);
		return [pair?.[0] ?? word, pair?.[1]] as const;
	});
	return { kind: 'arg', pairs: read };
}

function variablePairs(statement: Statement, escapeChar: string): (readonly [string, string])[] {
	const read = pairs(statement, escapeChar);
	for (const [name] of read) checkName(statement, name);
	return read;
}

/** `NAME=value ...`, or the old form `NAME value`. */
function pairs(statement: Statement, escapeChar: string): (readonly [string, string])[] {
	const words = splitWords(statement.text, escapeChar);
	if (words[0] !== undefined && splitPair(words[0], escapeChar) === undefined && words.length > 1) {
		return [[words[0], statement.text.slice(words[0].length).trim()]];
	}
	return words.map((word) => {
		const pair = splitPair(word, escapeChar);
		if (pair === undefined || pair[0] === '') {
			throw invalidInstruction(...place(statement), `"${word}" has no "="`, `write ${statement.keyword} NAME=VALUE`);
		}
		return pair;
	});
}

function shell(statement: Statement): Action {
	const words = jsonWords(statement.text);
	if (words === undefined || words.length === 0) {
		throw invalidInstruction(...place(statement), 'SHELL takes a JSON list', 'write SHELL ["/bin/sh", "-c"]');
	}
	return { kind: 'shell', words };
}

function checkName(statement: Statement, name: string): void {
	if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) return;
	const message = `ENV/ARG variable name is invalid on line: ${statement.line}`;
	const hint = 'use letters, digits and "_", not beginning with a digit';
	throw syntaxError(statement.number, `"${name}" is no name of a variable`, hint, message);
}

function unknownInstruction(statement: Statement): Error {
	const hint =
		statement.keyword === 'ONBUILD' ? 'copy its instruction into the Dockerfiles that need it' : 'see docs/builds.md';
	const why = statement.keyword === 'ONBUILD' ? 'ONBUILD is not supported' : `unknown instruction ${statement.keyword}`;
	return invalidInstruction(...place(statement), why, hint);
}

/** Line number and line of a statement, for refusals. */
export function place(statement: Statement): [number: number, line: string] {
	return [statement.number, statement.line];
}
