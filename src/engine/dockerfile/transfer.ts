import type { Transfer } from '#model/build/dockerfile.ts';
import type { Statement } from './statement.ts';
import { invalidInstruction } from './syntax-error.ts';
import { jsonWords, splitWords } from './words.ts';

const OPTIONS = { copy: ['from', 'chown', 'chmod', 'link'], add: ['chown', 'chmod', 'link'] };

/** COPY and ADD. */
export function transfer(kind: 'copy' | 'add', statement: Statement, escapeChar: string): Transfer {
	const { number, line } = statement;
	const option = new Map(statement.flags);
	for (const [name, value] of option) {
		if (!OPTIONS[kind].includes(name) || (value === null && name !== 'link')) {
			const why = `${statement.keyword} has no option --${name}${value === null ? ' without a value' : ''}`;
			throw invalidInstruction(number, line, why, `use ${OPTIONS[kind].map((each) => `--${each}`).join(', ')}`);
		}
	}
	const words = jsonWords(statement.text) ?? splitWords(statement.text, escapeChar);
	const documents = /^<<-?(["']?)[A-Za-z_][\w.]*\1$/;
	const sources = words.slice(0, -1).filter((word) => !documents.test(word));
	const destination = words.at(-1);
	if (destination === undefined || documents.test(destination) || sources.length + statement.heredocs.length === 0) {
		throw invalidInstruction(
			number,
			line,
			'source or destination is missing',
			`write ${statement.keyword} SOURCE... DESTINATION`,
		);
	}
	const url = sources.find((source) => /^(https?|ftp|git):\/\/|^git@/.test(source));
	if (url !== undefined) {
		throw invalidInstruction(
			number,
			line,
			`"${url}" is not in the context`,
			'fetch it with RUN, or put it into the context',
		);
	}
	return {
		kind,
		sources,
		destination,
		from: option.get('from') ?? undefined,
		chown: option.get('chown') ?? undefined,
		chmod: option.get('chmod') ?? undefined,
		files: statement.heredocs,
	};
}
