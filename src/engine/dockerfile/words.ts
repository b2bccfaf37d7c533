/**
 * Splits text at blanks outside quotes, as the parser of a Dockerfile does: the words keep their quotes and escapes, which
 * are taken away when variables are replaced.
 *
 * @param escapeChar character that takes the meaning from the next one
 */
export function splitWords(text: string, escapeChar: string): string[] {
	const words: string[] = [];
	let word = '';
	let quote = '';
	for (let at = 0; at < text.length; at++) {
		const char = text.charAt(at);
		if (char === escapeChar && quote !== "'" && at + 1 < text.length) {
			word += char + text.charAt(++at);
			continue;
		}
		if (quote === '' && /\s/.test(char)) {
			if (word !== '') words.push(word);
			word = '';
			continue;
		}
		if (quote === '' && (char === '"' || char === "'")) quote = char;
		else if (char === quote) quote = '';
		word += char;
	}
	if (word !== '') words.push(word);
	return words;
}

/**
 * Reads a list in JSON form, `["word", ...]`.
 *
 * @returns undefined where the text is no such list: it is then a command for the shell
 */
export function jsonWords(text: string): string[] | undefined {
	if (!text.startsWith('[')) return undefined;
	try {
		const value: unknown = JSON.parse(text);
		return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
	} catch {
		return undefined;
	}
}

/** Splits `NAME=value` at the first `=` outside quotes. */
export function splitPair(word: string, escapeChar: string): [name: string, value: string] | undefined {
	let quote = '';
	for (let at = 0; at < word.length; at++) {
		const char = word.charAt(at);
		if (char === escapeChar && quote !== "'") at++;
		else if (quote === '' && (char === '"' || char === "'")) quote = char;
		else if (char === quote) quote = '';
		else if (char === '=' && quote === '') return [word.slice(0, at), word.slice(at + 1)];
	}
	return undefined;
}
