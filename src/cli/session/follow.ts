import type { AttachedExecution, Created, ExecutionEnd, ExecutionSink } from '#client/executions.ts';
import { bytes, whenWritable } from '../render/output.ts';
import { forwardInput, type Input } from './input.ts';
import { SignalForwarding } from './signals.ts';
import { onResize, rawMode, type TerminalSize, terminalSize } from './terminal.ts';

export interface FollowOptions {
	/** Send standard input. */
	readonly input: boolean;
	readonly tty: boolean;
	/** Pass signals on to the process. Default: true. */
	readonly signals?: boolean;
	/** Ctrl-P Ctrl-Q, and a terminal that hangs up, leave the process as it is. Default: false. */
	readonly leaves?: boolean;
	/** Called when the process was started, before any output. */
	readonly started?: (created: Created) => void;
}

export interface Followed extends ExecutionEnd {
	/** Of all output. Also true where there was none. */
	readonly endsWithNewline: boolean;
}

const NEWLINE = 0x0a;

/** Settings of the terminal and of input, for the request. */
export interface Surroundings extends Partial<TerminalSize> {
	readonly stdin: boolean;
}

/**
 * Ties this process's streams, window size and signals to an execution instance until it ends.
 *
 * @param attach asks the daemon to start it
 */
export async function followExecution(
	attach: (surroundings: Surroundings, sink: ExecutionSink) => Promise<AttachedExecution>,
	options: FollowOptions,
): Promise<Followed> {
	const output = new Output();
	const { leaves = false, signals: forwards = true } = options;
	const signals = new SignalForwarding({ forwards, leaves });
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
		const sink: ExecutionSink = {
			...(options.started && { started: options.started }),
			stdout: (content) => {
				takeKeys();
				output.write('stdout', content);
			},
			stderr: (content) => output.write('stderr', content),
			inputDrained: () => input?.resume(),
		};
		const attaching = attach({ stdin: options.input, ...size }, sink);
		const execution = await Promise.race([attaching, signals.detached]);
		output.source = execution;
		signals.forwardTo(execution);
		if (options.tty) undo.push(followSize(execution, size));
		takeKeys();
		if (options.input) {
			input = forwardInput(execution, leaves && options.tty ? () => signals.leave() : undefined);
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
	/** Last byte. */
	last = NEWLINE;

	write(stream: 'stdout' | 'stderr', content: Buffer): void {
		if (content.length === 0) return;
		this.last = content.at(-1) ?? NEWLINE;
		if (bytes(stream, content)) return;
		this.source?.pause();
		whenWritable().then(() => this.source?.resume());
	}
}
