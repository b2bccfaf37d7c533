import type { Instruction as ParsedInstruction } from 'dockerfile-ast';
import { DockerfileParser } from 'dockerfile-ast';
import type { Heredoc } from '#model/build/dockerfile.ts';

/** An instruction split into its parts, before its arguments are understood. */
export interface Statement {
	/** In capitals. */
	readonly keyword: string;
	/** Options before the arguments, `--name=value`, in order. */
	readonly flags: readonly (readonly [name: string, value: string | null])[];
	/** Arguments without options and here-documents; continued lines are joined, comments between them left out. */
	readonly text: string;
	readonly heredocs: readonly Heredoc[];
	/** The whole instruction on one line, without here-documents. */
	readonly line: string;
	/** Line number in the Dockerfile, from 1. */
	readonly number: number;
}

/** The statements of a Dockerfile, and the escape character that its directives choose. */
export function readStatements(text: string): { readonly statements: Statement[]; readonly escapeChar: string } {
	const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
	const parsed = DockerfileParser.parse(lines.join('\n'));
	const escapeChar = parsed.getEscapeCharacter();
	return {
		escapeChar,
		statements: parsed.getInstructions().map((instruction) => statement(instruction, lines, escapeChar)),
	};
}

function statement(instruction: ParsedInstruction, lines: readonly string[], escapeChar: string): Statement {
	const range = instruction.getRange();
	const documents = heredocsOf(instruction, lines);
	const last = documents.length > 0 ? (documents[0]?.first ?? range.end.line) - 1 : range.end.line;
	const line = joined(lines.slice(range.start.line, last + 1), escapeChar);
	const keyword = /^\S+/.exec(line)?.[0] ?? '';
	let text = line.slice(keyword.length).trim();
	const flags: [string, string | null][] = [];
	for (let flag = FLAG.exec(text); flag !== null; flag = FLAG.exec(text)) {
		flags.push([flag[1] ?? '', flag[2] ?? null]);
		text = text.slice(flag[0].length).trimStart();
	}
	return {
		keyword: keyword.toUpperCase(),
		flags,
		text,
		heredocs: documents.map(({ heredoc }) => heredoc),
		line,
		number: range.start.line + 1,
	};
}

const FLAG = /^--([a-z][a-z-]*)(?:=(\S*))?(?=\s|$)/;

/** Joins continued lines; lines of comment between them, and empty ones, do not count. */
function joined(lines: readonly string[], escapeChar: string): string {
	const kept = lines.filter((line, index) => index === 0 || !/^\s*(#|$)/.test(line));
	const continued = escapeChar === '`' ? /`[ \t]*$/ : /\\[ \t]*$/;
	return kept
		.map((line) => line.replace(continued, ''))
		.join('')
		.trim();
}

interface Placed {
	readonly heredoc: Heredoc;
	/** Line of its first line of content, from 0. */
	readonly first: number;
}

function heredocsOf(instruction: ParsedInstruction, lines: readonly string[]): Placed[] {
	if (!/^(RUN|COPY|ADD)$/.test(instruction.getKeyword())) return [];
	const opened = lines[instruction.getRange().start.line] ?? '';
	const found = [...opened.matchAll(/<<(-?)(["']?)([A-Za-z_][\w.]*)\2/g)];
	let at = instruction.getRange().start.line + 1;
	const documents: Placed[] = [];
	for (const [, dash, quote, name = ''] of found) {
		const first = at;
		const content: string[] = [];
		const bare = (line: string) => (dash === '-' ? line.replace(/^\t+/, '') : line);
		while (at < lines.length && bare(lines[at] ?? '') !== name) content.push(bare(lines[at++] ?? ''));
		at++;
		const body = content.map((line) => `${line}\n`).join('');
		documents.push({ first, heredoc: { name, content: body, expands: quote === '' } });
	}
	return documents;
}
