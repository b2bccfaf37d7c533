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
	let kept = '';
	let used = 1;
	for (const character of text) {
		used += columnsOfCharacter(character);
		if (used > columns) break;
		kept += character;
	}
	return columns > 0 ? `${kept}…` : '';
}

/** A line as a terminal shows it at its end: without colours and movements of the cursor, which would spoil what is drawn. */
export function plainLine(line: string): string {
	const last = stripVTControlCharacters(line).replace(/\r+$/, '').split('\r').at(-1) ?? '';
	return last.replaceAll('\t', '    ').replace(/\p{Cc}/gu, '');
}
