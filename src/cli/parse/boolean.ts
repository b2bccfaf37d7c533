const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0']);

function isBoolean(text: string): boolean {
	return TRUE.has(text.toLowerCase()) || FALSE.has(text.toLowerCase());
}

/** @returns undefined where the text is no boolean word */
export function parseBoolean(text: string): boolean | undefined {
	const word = text.toLowerCase();
	if (TRUE.has(word)) return true;
	return FALSE.has(word) ? false : undefined;
}

/**
 * `--nat false` and `--nat NAME` differ only in the word that follows, so the words are looked at before options are
 * parsed: an option that is followed by a boolean word takes it.
 * @param flags e.g. `--nat`
 */
export function bindBooleans(words: readonly string[], flags: ReadonlySet<string>): string[] {
	const bound: string[] = [];
	for (let index = 0; index < words.length; index++) {
		const word = words[index] ?? '';
		const next = words[index + 1];
		if (word === '--') return [...bound, ...words.slice(index)];
		if (!flags.has(word)) bound.push(word);
		else if (next !== undefined && isBoolean(next)) {
			bound.push(`${word}=${next}`);
			index++;
		} else bound.push(`${word}=true`);
	}
	return bound;
}
