import { stripVTControlCharacters } from 'node:util';

/** Characters of two columns: East Asian wide and fullwidth forms (UAX #11), and emoji. */
const WIDE =
	/[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Characters that are drawn over the one before, or not at all. */
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns of a terminal that a text without control characters takes. */
export function columnsOf(text: string): number {
	let columns = 0;
	for (const character of text) columns += columnsOfCharacter(character);
	return columns;
}

function columnsOfCharacter(character: string): number {
	if (character < '\u0300') return 1;
	if (NONE.test(character)) return 0;
	return WIDE.test(character) ? 2 : 1;
}

/** A text in at most so many columns, with `…` at its end where something is left out. */
export function cut(text: string, columns: number): string {
	if (columnsOf(text) <= columns) return text;
	return columns > 0 ? `${startOf(text, columns - 1)}…` : '';
}

/** A text in pieces of at most so many columns, one at least. @param columns 2 or more, for wide characters */
export function pieces(text: string, columns: number): string[] {
	const all: string[] = [];
	let rest = text;
	while (columnsOf(rest) > columns) {
		// What a reader takes for one character may be wider than all that there is: it is cut then.
		const piece = startOf(rest, columns) || [...rest].slice(0, 1).join('');
		all.push(piece);
		rest = rest.slice(piece.length);
	}
	return [...all, rest];
}

let segmenter: Intl.Segmenter | undefined;

/** As many whole characters as fit, each with what is combined with it: accents, parts of an emoji. */
function startOf(text: string, columns: number): string {
	segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
	let kept = '';
	let used = 0;
	for (const { segment } of segmenter.segment(text)) {
		used += columnsOf(segment);
		if (used > columns) break;
		kept += segment;
	}
	return kept;
}

/** A line as a terminal shows it at its end: without colours and movements of the cursor, which would spoil what is drawn. */
export function plainLine(line: string): string {
	const last = stripVTControlCharacters(line).replace(/\r+$/, '').split('\r').at(-1) ?? '';
	return last.replaceAll('\t', '    ').replace(/\p{Cc}/gu, '');
}
