/**
 * Places the three lines that refer to Kleene's anchors in the pf.conf of the administrator. Text
 * in, text out: nothing else of it is changed.
 *
 * pf.conf(5) wants options, normalization, queueing, translation and filter rules in this order. Ours come first among
 * translation and first among filter rules: the first translation that matches counts, and a `pass quick` above would
 * undo what keeps networks apart. Rules of the administrator that take precedence stand above them.
 */
export const ANCHOR_LINES = ['nat-anchor "kleene/*"', 'rdr-anchor "kleene/*"', 'anchor "kleene/*"'] as const;

const COMMENT = '# Kleene: the rules of its networks and published ports. Rules above this line go before them.';

export type ConfPlan =
	| { readonly kind: 'complete' }
	/** It cannot be told by a program. */
	| { readonly kind: 'unclear'; readonly why: string }
	| { readonly kind: 'edit'; readonly text: string; readonly insertions: readonly Insertion[] };

export interface Insertion {
	/** Of the old text, from 1; the lines go before it. One more than there are: at the end. */
	readonly before: number;
	readonly lines: readonly string[];
}

export function planConf(text: string): ConfPlan {
	const statements = statementsOf(text);
	for (const { line, words } of statements)
		if (/^((nat|rdr)-)?anchor "?kleene\/\*"? (?!all$)/.test(`${words} `) && !isOurs(words))
			return { kind: 'unclear', why: `line ${line} asks for the anchors of Kleene for some packets only: ${words}` };
	const present = new Set(statements.map(({ words }) => plain(words)));
	const lacking = ANCHOR_LINES.filter((line) => !present.has(plain(line)));
	if (lacking.length === 0) return { kind: 'complete' };
	const end = text === '' ? 1 : text.replace(/\n$/, '').split('\n').length + 1;
	const filter = statements.find(({ stage }) => stage === 'filter')?.line ?? end;
	const translation = statements.find(({ stage }) => stage === 'translation')?.line ?? filter;
	if (translation > filter)
		return {
			kind: 'unclear',
			why: `line ${translation} translates after line ${filter} filters, which pf takes only with "set require-order no"`,
		};
	const insertions = [
		{ before: translation, lines: lacking.filter((line) => !line.startsWith('anchor')) },
		{ before: filter, lines: lacking.filter((line) => line.startsWith('anchor')) },
	].filter(({ lines }) => lines.length > 0);
	return { kind: 'edit', text: inserted(text, merged(insertions)), insertions: merged(insertions) };
}

/** Without a filter rule between them they stand together. */
function merged(insertions: readonly Insertion[]): Insertion[] {
	const [first, second] = insertions;
	if (!first || !second || first.before !== second.before) return [...insertions];
	return [{ before: first.before, lines: [...first.lines, ...second.lines] }];
}

function inserted(text: string, insertions: readonly Insertion[]): string {
	const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
	for (const { before, lines: added } of insertions.toReversed()) lines.splice(before - 1, 0, COMMENT, ...added);
	return `${lines.join('\n')}\n`;
}

function isOurs(words: string): boolean {
	return ANCHOR_LINES.some((line) => plain(line) === plain(words));
}

function plain(words: string): string {
	return words.replaceAll('"', '').replace(/ all$/, '');
}

interface Statement {
	/** Line on which it begins, from 1. */
	readonly line: number;
	/** Without comments and repeated blanks. */
	readonly words: string;
	readonly stage: 'before' | 'translation' | 'filter';
}

/** A backslash joins lines, and braces hold what is between them together. */
function statementsOf(text: string): Statement[] {
	const statements: Statement[] = [];
	let pending = '';
	let begin = 0;
	for (const [index, raw] of text.split('\n').entries()) {
		const line = withoutComment(raw);
		if (pending === '') begin = index + 1;
		pending += ` ${line.replace(/\\$/, '')}`;
		if (line.endsWith('\\') || depthOf(pending) > 0) continue;
		const words = pending.trim().replace(/\s+/g, ' ');
		if (words !== '') statements.push({ line: begin, words, stage: stageOf(words) });
		pending = '';
	}
	return statements;
}

/** A hash within quotes begins no comment. */
function withoutComment(line: string): string {
	return (/^(?:[^#"]|"[^"]*"?)*/.exec(line)?.[0] ?? '').trimEnd();
}

function depthOf(text: string): number {
	const bare = text.replace(/"[^"]*"/g, '');
	return bare.split('{').length - bare.split('}').length;
}

function stageOf(words: string): Statement['stage'] {
	if (/^[A-Za-z][\w]* ?=/.test(words)) return 'before';
	if (/^(no )?(nat|rdr|binat)\b/.test(words)) return 'translation';
	if (/^(pass|block|match|anchor|antispoof)\b/.test(words)) return 'filter';
	return 'before';
}
