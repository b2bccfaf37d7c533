import type { Dockerfile, Instruction, Stage } from '#model/build/dockerfile.ts';
import { actionOf } from './actions.ts';
import { readStatements, type Statement } from './statement.ts';
import { invalidInstruction, syntaxError } from './syntax-error.ts';

/**
 * Reads a Dockerfile. Variables stay as they are: their values are known when it is built.
 *
 * @throws KleeneError `DOCKERFILE_INVALID` with the line and what is wrong in it
 */
export function readDockerfile(text: string): Dockerfile {
	const { statements, escapeChar } = readStatements(text);
	const args: Instruction[] = [];
	const stages: (Stage & { instructions: Instruction[] })[] = [];
	for (const statement of statements) {
		const stage = stages.at(-1);
		if (statement.keyword === 'FROM') stages.push(stageOf(statement, stages));
		else if (stage !== undefined) stage.instructions.push(instructionOf(statement, escapeChar));
		else if (statement.keyword === 'ARG') args.push(instructionOf(statement, escapeChar));
		else throw beforeFrom(statement);
	}
	if (stages.length === 0) {
		throw syntaxError(statements.at(-1)?.number ?? 1, 'no FROM instruction', 'begin with "FROM IMAGE"');
	}
	return { args, stages, escapeChar };
}

function instructionOf(statement: Statement, escapeChar: string): Instruction {
	return { action: actionOf(statement, escapeChar), line: statement.line, number: statement.number };
}

function stageOf(statement: Statement, before: readonly Stage[]): Stage & { instructions: Instruction[] } {
	const { line, number } = statement;
	const [base, as, name, ...rest] = statement.text.split(/\s+/);
	if (base === undefined || base === '' || rest.length > 0 || (as !== undefined && as.toUpperCase() !== 'AS')) {
		throw invalidInstruction(number, line, 'FROM takes an image, and a name after AS', 'write "FROM IMAGE [AS NAME]"');
	}
	if (as !== undefined && !/^[a-z][a-z0-9_.-]*$/i.test(name ?? '')) {
		throw invalidInstruction(
			number,
			line,
			`"${name ?? ''}" is no name of a stage`,
			'use letters, digits, "_", "." and "-"',
		);
	}
	const lower = name?.toLowerCase();
	if (lower !== undefined && before.some((stage) => stage.name === lower)) {
		throw invalidInstruction(number, line, `two stages are named "${name}"`, 'choose another name after AS');
	}
	const unknown = statement.flags.find(([flag]) => flag !== 'platform');
	if (unknown !== undefined) throw invalidInstruction(number, line, `FROM has no option --${unknown[0]}`, 'remove it');
	const platform = statement.flags[0]?.[1] ?? undefined;
	return { index: before.length, name: lower, base, platform, line, number, instructions: [] };
}

function beforeFrom(statement: Statement): Error {
	const { line, number, keyword } = statement;
	if (!KEYWORDS.includes(keyword)) {
		return invalidInstruction(number, line, `unknown instruction ${keyword}`, `use one of ${KEYWORDS.join(', ')}`);
	}
	const message = `'${line}' not permitted before a FROM instruction`;
	return syntaxError(number, `${keyword} before the first FROM`, 'move it below "FROM IMAGE"', message);
}

/** Keywords of instructions that Kleene carries out. */
export const KEYWORDS: readonly string[] = [
	...['FROM', 'ARG', 'RUN', 'COPY', 'ADD', 'ENV', 'LABEL', 'USER', 'WORKDIR', 'CMD', 'ENTRYPOINT', 'EXPOSE', 'VOLUME'],
	...['SHELL', 'STOPSIGNAL', 'HEALTHCHECK', 'MAINTAINER'],
];
