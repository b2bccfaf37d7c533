/**
 * Patterns of file names as in Dockerfiles: `*`, `?`, `[a-z]`, `[^a-z]`, `\x` within a name, `**` for any number of
 * directories.
 * Source: https://pkg.go.dev/path/filepath#Match
 */

/** A name of a pattern: text that stands for itself, an expression, or any number of directories. */
export type Segment = string | RegExp | '**';

export function segmentsOf(pattern: string): Segment[] {
	return pattern
		.split('/')
		.filter((name) => name !== '' && name !== '.')
		.map(segment);
}

function segment(name: string): Segment {
	if (name === '**') return name;
	if (!/[*?[\\]/.test(name)) return name;
	return new RegExp(`^${expression(name)}$`, 'su');
}

function expression(name: string): string {
	let result = '';
	for (let rest = name; rest !== ''; ) {
		const [piece = '', text = ''] = next(rest);
		result += text;
		rest = rest.slice(piece.length);
	}
	return result;
}

/** The first piece of a pattern, and the expression for it. */
function next(rest: string): [piece: string, text: string] {
	const set = /^\[(\^?)((?:\\.|[^\]\\])+)\]/su.exec(rest);
	if (set)
		return [set[0], `[${set[1]}${(set[2] ?? '').replace(/\\(.)|[[&~^]/gsu, (all, one) => literal(one ?? all))}]`];
	const escaped = /^\\(.)/su.exec(rest);
	if (escaped) return [escaped[0], literal(escaped[1] ?? '')];
	const stars = /^\*+/.exec(rest);
	if (stars) return [stars[0], '.*'];
	const char = String.fromCodePoint(rest.codePointAt(0) ?? 0);
	return [char, char === '?' ? '.' : literal(char)];
}

function literal(char: string): string {
	return /[a-z0-9_\s]/iu.test(char) || (char.codePointAt(0) ?? 0) > 127
		? char
		: `\\u{${char.codePointAt(0)?.toString(16)}}`;
}
