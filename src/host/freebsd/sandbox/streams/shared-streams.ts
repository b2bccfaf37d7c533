import type { OutputStream } from '#host/driver.ts';
import { ProcessStreams } from '#host/process-streams.ts';
import type { SessionStreams } from '../output.ts';

/** The streams of a session to a first process, for all who are attached to it. */
export class SharedStreams {
	readonly session: SessionStreams;
	readonly #shares = new Set<Share>();
	readonly #paused = new Set<Share>();
	#listening = false;

	constructor(session: SessionStreams) {
		this.session = session;
	}

	/** Output from now on; for the first one, also what came before. */
	share(): ProcessStreams {
		const share = new Share(this);
		this.#shares.add(share);
		if (!this.#listening) {
			this.#listening = true;
			this.session.listen((stream, chunk) => this.#give(stream, chunk));
			this.session.onDrained(() => {
				for (const one of this.#shares) one.tellDrained();
			});
		}
		return share;
	}

	/** The process waits for the slowest of them. */
	pause(share: Share): void {
		this.#paused.add(share);
		this.session.pause();
	}

	resume(share: Share): void {
		this.#paused.delete(share);
		if (this.#paused.size === 0) this.session.resume();
	}

	leave(share: Share): void {
		this.#shares.delete(share);
		this.resume(share);
	}

	#give(stream: OutputStream, chunk: Buffer): void {
		for (const one of this.#shares) one.give(stream, chunk);
	}
}

class Share extends ProcessStreams {
	readonly #shared: SharedStreams;

	constructor(shared: SharedStreams) {
		super();
		this.#shared = shared;
	}

	write(chunk: Buffer): boolean {
		return this.#shared.session.write(chunk);
	}

	endInput(): void {
		this.#shared.session.endInput();
	}

	pause(): void {
		this.#shared.pause(this);
	}

	resume(): void {
		this.#shared.resume(this);
	}

	tellDrained(): void {
		this.drained();
	}

	/** The session stays, for the input of the process and for who comes back. */
	override detach(): void {
		super.detach();
		this.#shared.leave(this);
	}
}
