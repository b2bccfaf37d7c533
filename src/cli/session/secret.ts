import { usageError } from '../failure.ts';
import { errorText } from '../render/output.ts';
import { restoreBeforeSignals } from './signals.ts';
import { rawMode } from './terminal.ts';

/** Reads a line of the terminal without showing it. */
export async function readSecret(question: string): Promise<string> {
	const { stdin } = process;
	if (!stdin.isTTY)
		throw usageError(
			'no password was given',
			'standard input is no terminal',
			'add --password-stdin to read it from there',
		);
	errorText(question);
	const restore = rawMode();
	const stop = restoreBeforeSignals(restore);
	try {
		return await typedLine();
	} finally {
		stop();
		restore();
		stdin.pause();
		errorText('\n');
	}
}

async function typedLine(): Promise<string> {
	let typed = '';
	for await (const chunk of process.stdin)
		for (const key of String(chunk)) {
			if (key === '\r' || key === '\n') return typed;
			// Ctrl-C and Ctrl-D.
			if (key === '\x03' || key === '\x04')
				throw usageError('no password was given', 'it was interrupted', 'type it again');
			typed = key === '\x7f' || key === '\b' ? typed.slice(0, -1) : typed + key;
		}
	return typed;
}
