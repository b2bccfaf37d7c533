/** Input and output of processes in containers, as far as it is the same on every host. */
import type { HostProcess, OutputStream, ProcessEnd } from './driver.ts';

/** More input than this waiting for a process: who sends it is asked to wait. Bytes. */
export const MOST_INPUT = 1024 * 1024;

type Listener = Parameters<HostProcess['onOutput']>[0];

/** The input and output of a process. What carries them is the host's business. */
export abstract class ProcessStreams {
	/** Output held until a listener is there; undefined once it is not needed any more. */
	#held: Array<[OutputStream, Buffer]> | undefined = [];
	#listener: Listener | undefined;
	#drained: () => void = () => {};

	/** @returns false while MOST_INPUT or more waits; `drained` is called later */
	abstract write(chunk: Buffer): boolean;
	abstract endInput(): void;
	/** The process waits in its writes until `resume`. */
	abstract pause(): void;
	abstract resume(): void;

	listen(listener: Listener): void {
		this.#listener = listener;
		for (const [stream, chunk] of this.#held ?? []) listener(stream, chunk);
		this.#held = undefined;
	}

	onDrained(listener: () => void): void {
		this.#drained = listener;
	}

	/** No input waits any more. */
	protected drained(): void {
		this.#drained();
	}

	/** To who listens: output, or text of ours among it. */
	give(stream: OutputStream, chunk: Buffer): void {
		if (this.#listener === undefined) this.#held?.push([stream, chunk]);
		else this.#listener(stream, chunk);
	}

	/** Drop output from now on. The connection stays: without it the input of the process would end. */
	detach(): void {
		this.#listener = undefined;
		this.#held = undefined;
		this.resume();
	}
}

/** A process, attached or not; how it is signalled and its terminal resized is the host's business. */
export abstract class AttachableProcess implements HostProcess {
	readonly #streams: ProcessStreams | undefined;
	readonly #tty: boolean;
	readonly ended: Promise<ProcessEnd>;

	constructor(streams: ProcessStreams | undefined, ended: Promise<ProcessEnd>, tty: boolean) {
		this.#streams = streams;
		this.#tty = tty;
		this.ended = ended;
		// The end of a detached process may never be asked for.
		this.ended.catch(() => {});
	}

	abstract resize(rows: number, columns: number): void;
	abstract kill(signal: NodeJS.Signals): void;

	onOutput(listener: Listener): void {
		this.#streams?.listen(listener);
	}

	write(chunk: Buffer): boolean {
		return this.#streams?.write(chunk) ?? true;
	}

	onDrained(listener: () => void): void {
		this.#streams?.onDrained(listener);
	}

	pause(): void {
		this.#streams?.pause();
	}

	resume(): void {
		this.#streams?.resume();
	}

	endInput(): void {
		this.#streams?.endInput();
	}

	/** A shell at a terminal does not mind a SIGTERM. What chooses to outlive its terminal goes on, without input. */
	hangUp(): void {
		this.kill(this.#tty ? 'SIGHUP' : 'SIGTERM');
		if (this.#tty) this.endInput();
	}

	detach(): void {
		this.#streams?.detach();
	}
}
