/** The only place that writes to the terminal. */
import { EXIT } from '../failure.ts';

export function line(text: string): void {
	process.stdout.write(`${text}\n`);
}

/** A line about what is being done. On stderr: stdout has results, and the output of commands as they wrote it. */
export function note(text: string): void {
	process.stderr.write(`${text}\n`);
}

export function lines(texts: readonly string[]): void {
	if (texts.length > 0) process.stdout.write(`${texts.join('\n')}\n`);
}

/** Prints the plan of a dry run. An empty plan is noted on stderr, so that stdout stays a list of commands. */
export function planned(plan: readonly string[]): void {
	lines(plan);
	if (plan.length === 0) process.stderr.write('nothing changes on the host now\n');
}

/** Without a line end: for prompts. */
export function text(content: string): void {
	process.stdout.write(content);
}

/** @returns false while the reader is behind; `whenWritable` tells when it has caught up */
export function bytes(stream: 'stdout' | 'stderr', content: Uint8Array): boolean {
	return process[stream].write(content);
}

export function whenWritable(): Promise<void> {
	const behind = [process.stdout, process.stderr].filter((stream) => stream.writableNeedDrain && !stream.destroyed);
	return Promise.all(behind.map((stream) => new Promise((resolve) => stream.once('drain', resolve)))).then(() => {});
}

export function warn(message: string): void {
	process.stderr.write(`${paint(process.stderr, 'yellow', 'warning:')} ${message}\n`);
}

export function errorText(content: string): void {
	process.stderr.write(content);
}

/**
 * A reader that has gone (`klee lsc | head -1`) ends the command as it ends any other in a pipe: without a word. A disk
 * that is full is reported on the stream that still works.
 */
export function quitWithoutReader(): void {
	for (const stream of [process.stdout, process.stderr])
		stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
			if (code === 'EPIPE' || code === 'EIO') process.exit(EXIT.noReader);
			const hint = 'make room there, or write somewhere else';
			if (stream === process.stdout) errorText(`error: cannot write the output: ${message}\n hint: ${hint}\n`);
			process.exit(EXIT.refused);
		});
}

/** One picture after the other: on a terminal in the place of the last one, else below it. */
export function frame(texts: readonly string[]): void {
	const content = texts.map((one) => (process.stdout.isTTY ? `${one}\u001b[K\n` : `${one}\n`)).join('');
	process.stdout.write(process.stdout.isTTY ? `\u001b[H${content}\u001b[J` : content);
}

/** Columns of the terminal, undefined where stdout is none. */
export function terminalWidth(): number | undefined {
	return process.stdout.isTTY ? process.stdout.columns || 80 : undefined;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Paint = keyof typeof CODES;

export function paint(stream: { isTTY?: boolean }, colour: Paint, content: string): string {
	return coloured(stream) ? `\u001b[${CODES[colour]}m${content}\u001b[0m` : content;
}

function coloured(stream: { isTTY?: boolean }): boolean {
	return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}
