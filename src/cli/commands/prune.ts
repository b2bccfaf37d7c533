import { EXIT, Quit } from '../failure.ts';
import { errorText, line, lines, text } from '../render/output.ts';

/** Warns and asks. Anything but yes ends the command. */
export function confirmRemoval(kind: string, options: { readonly force?: boolean }): Promise<void> {
	return confirm([`WARNING! This will remove all ${kind}.`], options);
}

/** @param warning lines */
export async function confirm(warning: readonly string[], options: { readonly force?: boolean }): Promise<void> {
	if (options.force) return;
	lines(warning);
	text('Are you sure you want to continue? [y/N]: ');
	if (/^y(es)?$/i.test((await firstLine()).trim())) return;
	errorText('Aborted!\n');
	throw new Quit(EXIT.refused);
}

/** Removed ids or names, one a line; an empty line where there were none. */
export function printRemoved(names: readonly string[]): void {
	line(names.join('\n'));
}

async function firstLine(): Promise<string> {
	let read = '';
	for await (const chunk of process.stdin) {
		read += chunk;
		if (read.includes('\n')) return read.split('\n', 1)[0] ?? '';
	}
	line('');
	return read;
}
