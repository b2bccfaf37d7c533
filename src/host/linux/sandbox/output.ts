import type { Socket } from 'node:net';
import { MOST_INPUT, ProcessStreams } from '#host/process-streams.ts';

/** conmon reads at most 8 KiB of a packet in its older versions and drops the rest. */
const PACKET = 8192;
/** First byte of a packet from conmon that holds error output; 2 is output. */
const STDERR = 3;
/** Milliseconds without output after which what an ended process wrote has arrived, and how long that is awaited. */
const QUIET = 40;
const QUIET_AT_LAST = 1000;

/** Both directions of an attach socket of conmon. */
export class SocketStreams extends ProcessStreams {
	readonly #socket: Socket;
	/** Input buffered for the process and its size in bytes. */
	readonly #input: Buffer[] = [];
	#waiting = 0;
	/** A `write` returned false, and nobody was told to go on. */
	#full = false;
	#sending = false;
	#inputEnded = false;
	#last = Date.now();
	/** Every byte of output was delivered, and there will be no more. */
	readonly closed: Promise<void>;

	constructor(socket: Socket) {
		super();
		this.#socket = socket;
		this.closed = new Promise((resolve) => {
			socket.once('end', resolve).once('close', () => resolve());
		});
		// conmon ends, with input unread or not: what the process came to is told by its exit code.
		socket.on('error', () => socket.destroy());
		socket.once('end', () => socket.destroy());
		socket.on('data', (packet: Buffer) => this.#receive(packet));
		socket.once('close', () => this.#dropInput());
	}

	write(chunk: Buffer): boolean {
		// Input for a process that is gone is discarded, so that the sender is not blocked.
		if (this.#socket.destroyed) return true;
		for (let at = 0; at < chunk.length; at += PACKET) this.#input.push(chunk.subarray(at, at + PACKET));
		this.#waiting += chunk.length;
		this.#send();
		this.#full ||= this.#waiting >= MOST_INPUT;
		return !this.#full;
	}

	endInput(): void {
		this.#inputEnded = true;
		this.#send();
	}

	pause(): void {
		this.#socket.pause();
	}

	resume(): void {
		this.#socket.resume();
	}

	/** Give up on output that nobody reads: conmon cannot end before it is rid of it. */
	release(): void {
		if (this.#socket.isPaused()) this.#socket.destroy();
	}

	destroy(): void {
		this.#socket.destroy();
	}

	/** No output came for a while, or it never stops. */
	async quiet(): Promise<void> {
		const start = Date.now();
		this.#last = start;
		while (Date.now() - this.#last < QUIET && Date.now() - start < QUIET_AT_LAST && !this.#socket.destroyed)
			await new Promise((resolve) => setTimeout(resolve, QUIET - (Date.now() - this.#last)));
	}

	#receive(packet: Buffer): void {
		this.#last = Date.now();
		this.give(packet[0] === STDERR ? 'stderr' : 'stdout', packet.subarray(1));
	}

	/** One write at a time: Node would join several into one packet, and that could be too long. */
	#send(): void {
		if (this.#sending || this.#socket.destroyed) return;
		const chunk = this.#input.shift();
		if (chunk === undefined) {
			if (this.#inputEnded) this.#socket.end();
			return;
		}
		this.#sending = true;
		this.#socket.write(chunk, () => {
			this.#sending = false;
			this.#waiting -= chunk.length;
			this.#send();
			if (this.#waiting === 0) this.#tellDrained();
		});
	}

	#tellDrained(): void {
		if (!this.#full) return;
		this.#full = false;
		this.drained();
	}

	#dropInput(): void {
		this.#input.length = 0;
		this.#tellDrained();
	}
}
