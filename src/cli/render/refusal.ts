import { isKleeneError, type KleeneError } from '#errors/kleene-error.ts';
import { errorText, type Paint, paint } from './output.ts';

/**
 * A refusal in at most three lines, their labels right-aligned so that the texts stand in one column:
 *
 *     error: cannot create network web: network name is already taken
 *       why: network 2f1dc29b8f36 has it
 *      hint: choose another name
 */
export function renderRefusal(error: KleeneError): string {
	const text = headline(error);
	const rows: [string, string][] = [['error', text]];
	const why = news(error.why.trimEnd(), text);
	if (why) rows.push(['why', why]);
	if (error.hint) rows.push(['hint', error.hint]);
	return rows.map(([name, content]) => row(name, content)).join('');
}

/** Messages of the contract often do not name the object (`network not found`); `what` does. */
function headline({ what, message }: KleeneError): string {
	const text = withoutLabel(message);
	const subject = withoutLabel(what);
	return text.startsWith(subject) ? text : `${subject}: ${text}`;
}

/** The contract has `Error: No such image: x`. */
function withoutLabel(text: string): string {
	return text.trim().replace(/^error: /i, '');
}

/** Part of a reason that the headline does not contain. */
function news(why: string, text: string): string {
	if (text.includes(why)) return '';
	const [, said = '', rest = ''] = /^([^:;]+)[:;] (?:and )?(.*)$/s.exec(why) ?? [];
	return said !== '' && text.endsWith(said) ? rest : why;
}

const COLOURS: Readonly<Record<string, Paint>> = { error: 'red', why: 'dim', hint: 'cyan' };

function row(label: string, content: string): string {
	const padding = ' '.repeat('error'.length - label.length);
	const [first, ...rest] = content.trimEnd().split('\n');
	const head = `${padding}${paint(process.stderr, COLOURS[label] ?? 'bold', `${label}:`)} ${first}\n`;
	return head + rest.map((more) => `       ${more}\n`).join('');
}

export function printRefusal(error: unknown): void {
	if (isKleeneError(error)) errorText(renderRefusal(error));
	else errorText(`${paint(process.stderr, 'red', 'internal error:')} ${stackOf(error)}\n`);
}

function stackOf(error: unknown): string {
	return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
