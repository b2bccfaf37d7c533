/**
 * Text for a POSIX shell, made so that nothing interpolated is ever read as anything but one word.
 *
 *     sh`ifconfig ${name} inet ${address} alias`   → ifconfig 'kleene0' inet '10.4.6.1/24' alias
 *     sh`jexec -l ${id} ${['ping', '-c', '1']}`    → jexec -l 'c1' 'ping' '-c' '1'
 *     sh`if ${test}; then ...`                     → with `test` made by `sh`, as it is
 */
export class Script {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}

	toString(): string {
		return this.text;
	}
}

type Interpolated = string | number | readonly string[] | Script | readonly Script[];

export function sh(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Script {
	const texts = strings.map((text, index) => text + (index < values.length ? render(values[index]!) : ''));
	return new Script(texts.join(''));
}

/** Lists of words become words, lists of scripts lines. */
function render(value: Interpolated): string {
	if (value instanceof Script) return value.text;
	if (typeof value === 'string') return quote(value);
	if (typeof value === 'number') return `${value}`;
	const parts = value as readonly (string | Script)[];
	return parts.some((part) => part instanceof Script)
		? parts.map((part) => render(part as Script)).join('\n')
		: parts.map((part) => quote(part as string)).join(' ');
}

/** Within single quotes a shell reads every byte as itself, save the quote. A NUL cannot be said to any program. */
export function quote(word: string): string {
	if (word.includes('\0')) throw new Error('a word for a shell holds a NUL byte');
	return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Scripts one after the other, each from a line of its own. */
export function lines(...scripts: readonly Script[]): Script {
	return new Script(scripts.map(({ text }) => text).join('\n'));
}
