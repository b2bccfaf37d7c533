import type { HostProcess, OutputStream, ProcessEnd } from '#host/driver.ts';

/** A process that does what a test tells it to. */
export class FakeProcess implements HostProcess {
	readonly #ended = Promise.withResolvers<ProcessEnd>();
	readonly ended = this.#ended.promise;
	readonly received: string[] = [];
	#listener: (stream: OutputStream, chunk: Buffer) => void = () => {};

	onOutput(listener: (stream: OutputStream, chunk: Buffer) => void): void {
		this.#listener = listener;
	}

	print(stream: OutputStream, text: string): void {
		this.#listener(stream, Buffer.from(text));
	}

	end(end: ProcessEnd): void {
		this.#ended.resolve(end);
	}

	write(chunk: Buffer): boolean {
		this.received.push(chunk.toString());
		return true;
	}

	kill(signal: NodeJS.Signals): void {
		this.received.push(signal);
	}

	endInput(): void {
		this.received.push('end of input');
	}

	resize(rows: number, columns: number): void {
		this.received.push(`${rows}x${columns}`);
	}

	hangUp(): void {
		this.received.push('hang up');
	}

	onDrained(): void {}
	pause(): void {}
	resume(): void {}
	detach(): void {}
}
