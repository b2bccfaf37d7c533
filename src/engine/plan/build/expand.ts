/** Value of a variable; undefined: it is not set. */
export type Lookup = (name: string) => string | undefined;

/** A variable of the form `${NAME:?TEXT}` has no value. `message` is the text. */
export class UnsetVariable extends SyntaxError {}

/**
 * Replaces variables and takes quotes away, by the rules of the Bourne shell as far as a Dockerfile has them: `$NAME`,
 * `${NAME}`, `${NAME:-WORD}`, `${NAME:+WORD}`, `${NAME:?TEXT}`, each also without the colon, and `\$`. No command is run, no
 * word is split, blanks are kept.
 *
 * @param escapeChar character that takes the meaning from the next one
 * @throws UnsetVariable
 * @throws SyntaxError for a brace that is not closed, or a form that does not exist
 */
export function expand(text: string, lookup: Lookup, escapeChar = '\\'): string {
	return new Expansion(text, lookup, escapeChar, true).all();
}

/** Replaces variables and keeps quotes: for here-documents. */
export function expandKeepingQuotes(text: string, lookup: Lookup, escapeChar = '\\'): string {
	return new Expansion(text, lookup, escapeChar, false).all();
}

class Expansion {
	readonly #text: string;
	readonly #lookup: Lookup;
	readonly #escape: string;
	readonly #quotes: boolean;
	#at = 0;

	constructor(text: string, lookup: Lookup, escapeChar: string, quotes: boolean) {
		this.#text = text;
		this.#lookup = lookup;
		this.#escape = escapeChar;
		this.#quotes = quotes;
	}

	all(): string {
		return this.#until('');
	}

	/** Everything up to `end`, which is passed over, or to the end of the text. */
	#until(end: string): string {
		let result = '';
		while (this.#at < this.#text.length) {
			const char = this.#text.charAt(this.#at);
			if (end !== '' && char === end) return result;
			result += this.#piece(char);
		}
		return result;
	}

	#piece(char: string): string {
		if (char === '$') return this.#variable();
		this.#at++;
		if (char === this.#escape) return this.#escaped();
		if (this.#quotes && char === "'") return this.#literal();
		if (this.#quotes && char === '"') return this.#quoted();
		return char;
	}

	#escaped(): string {
		const next = this.#text.charAt(this.#at++);
		if (this.#quotes || next === '$' || next === this.#escape) return next;
		return this.#escape + next;
	}

	#literal(): string {
		const end = this.#text.indexOf("'", this.#at);
		if (end < 0) throw new SyntaxError("a ' is not closed");
		const text = this.#text.slice(this.#at, end);
		this.#at = end + 1;
		return text;
	}

	/** Between double quotes the escape character is one only before `"`, `$` and itself. */
	#quoted(): string {
		let result = '';
		while (this.#at < this.#text.length) {
			const char = this.#text.charAt(this.#at);
			if (char === '$') {
				result += this.#variable();
				continue;
			}
			this.#at++;
			if (char === '"') return result;
			if (char !== this.#escape) result += char;
			else {
				const next = this.#text.charAt(this.#at++);
				result += next === '"' || next === '$' || next === this.#escape ? next : char + next;
			}
		}
		throw new SyntaxError('a " is not closed');
	}

	#variable(): string {
		this.#at++;
		if (this.#text.charAt(this.#at) === '{') return this.#braced();
		const name = /^([a-zA-Z_][a-zA-Z0-9_]*|\d)/.exec(this.#text.slice(this.#at))?.[0];
		if (name === undefined) return '$';
		this.#at += name.length;
		return this.#lookup(name) ?? '';
	}

	#braced(): string {
		const head = /^\{([a-zA-Z_][a-zA-Z0-9_]*|\d)(:?[-+?])?/.exec(this.#text.slice(this.#at));
		const name = head?.[1];
		if (head === null || name === undefined) throw new SyntaxError('"${" is followed by no name of a variable');
		this.#at += head[0].length;
		const word = head[2] === undefined ? '' : this.#until('}');
		if (this.#text.charAt(this.#at) !== '}')
			throw new SyntaxError(`"\${${name}" is not closed, or has an unknown form`);
		this.#at++;
		return chosen(name, this.#lookup(name), head[2] ?? '', word);
	}
}

function chosen(name: string, value: string | undefined, form: string, word: string): string {
	const set = form.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
	switch (form.at(-1)) {
		case '-':
			return set ? (value ?? '') : word;
		case '+':
			return set ? word : '';
		case '?':
			if (!set) throw new UnsetVariable(word === '' ? `${name} is not set` : word);
			return value ?? '';
		case undefined:
			return value ?? '';
		default:
			throw new SyntaxError(`"${form}" is no form of a variable`);
	}
}
