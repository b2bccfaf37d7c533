import type { KleeneClient } from '#client/client.ts';
import type { AttachedExecution, ExecutionEnd } from '#client/executions.ts';
import { bytes, whenWritable } from '../render/output.ts';
import { forwardInput, type Input } from './input.ts';
import { SignalForwarding } from './signals.ts';
import { onResize, rawMode, type TerminalSize, terminalSize } from './terminal.ts';

export interface FollowOptions {
	/** Send standard input. */
	readonly input: boolean;
	readonly tty: boolean;
}

export interface Followed extends ExecutionEnd {
	/** Also true where there was no output at all. */
	readonly endsWithNewline: boolean;
}

const NEWLINE = 0x0a;

/** Ties this process's streams, window size and signals to an execution instance until it ends. */
export async function followExecution(client: KleeneClient, id: string, options: FollowOptions): Promise<Followed> {
	const output = new Output();
	const signals = new SignalForwarding();
	let input: Input | undefined;
	const undo: (() => void)[] = [() => signals.stop()];
	let raw = !(options.tty && options.input);
	/** Not before the process is there, so that Ctrl-C ends a klee that waits; and before its prompt is shown. */
	const takeKeys = () => {
		if (!raw) undo.push(rawMode());
		raw = true;
	};
	const size = options.tty ? terminalSize() : undefined;
	try {
		const attaching = client.executions.attach(
			{ exec_id: id, start_container: true, stdin: options.input, ...size },
			{
				stdout: (content) => {
					takeKeys();
					output.write('stdout', content);
				},
				stderr: (content) => output.write('stderr', content),
				inputDrained: () => input?.resume(),
			},
		);
		const execution = await Promise.race([attaching, signals.detached]);
		output.source = execution;
		signals.forwardTo(execution);
		if (options.tty) undo.push(followSize(execution, size));
		takeKeys();
		if (options.input) {
			input = forwardInput(execution);
			undo.push(input.stop);
		}
		const end = await Promise.race([execution.finished, signals.detached]);
		return { ...end, endsWithNewline: output.last === NEWLINE };
	} finally {
		for (const step of undo.reverse()) step();
	}
}

/**
 * Tells the process about every size of the terminal after `sent`. The prompt may be shown before the listener is there, and
 * the terminal resized in between.
 *
 * @returns a function that ends the listening
 */
function followSize(execution: AttachedExecution, sent: TerminalSize | undefined): () => void {
	const tell = (size: TerminalSize) => execution.control({ type: 'resize', ...size });
	const stop = onResize(tell);
	const now = terminalSize();
	if (now && (now.rows !== sent?.rows || now.columns !== sent?.columns)) tell(now);
	return stop;
}

/** Output as it comes. While the reader of klee is behind, the daemon waits too. */
class Output {
	source: AttachedExecution | undefined;
	/** Last byte on stdout. */
	last = NEWLINE;

	write(stream: 'stdout' | 'stderr', content: Buffer): void {
		if (content.length === 0) return;
		if (stream === 'stdout') this.last = content.at(-1) ?? NEWLINE;
		if (bytes(stream, content)) return;
		this.source?.pause();
		whenWritable().then(() => this.source?.resume());
	}
}
