import { constants } from 'node:os';
import type { AttachedExecution } from '#client/executions.ts';
import { Quit } from '../failure.ts';
import { Detached } from './detach-keys.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
type Forwarded = (typeof FORWARDED)[number];

/**
 * The first signal is for the process in the container. A second one, or the first where nothing can pass it on, is for
 * klee: it leaves and exits as if the signal had ended it. A terminal that hangs up cannot send a second one.
 */
export class SignalForwarding {
	/** Rejects with Quit when klee has to leave. */
	readonly detached: Promise<never>;
	readonly #reject: (reason: Quit | Detached) => void;
	#execution: AttachedExecution | undefined;
	#forwarded = false;

	readonly #options: { readonly forwards: boolean; readonly leaves: boolean };

	/** @param options.leaves a terminal that hangs up is no signal for the process */
	constructor(options: { readonly forwards: boolean; readonly leaves: boolean }) {
		this.#options = options;
		const { promise, reject } = Promise.withResolvers<never>();
		this.detached = promise;
		this.#reject = reject;
		promise.catch(() => {}); // it may come before anybody waits for it
		for (const signal of FORWARDED) process.on(signal, this.#handle);
	}

	forwardTo(execution: AttachedExecution): void {
		this.#execution = execution;
	}

	/** klee ends, the process does not. */
	leave(): void {
		this.#execution?.detach();
		this.#reject(new Detached());
	}

	stop(): void {
		for (const signal of FORWARDED) process.off(signal, this.#handle);
	}

	readonly #handle = (signal: Forwarded): void => {
		const { forwards, leaves } = this.#options;
		const isMeant = forwards && !(leaves && signal === 'SIGHUP');
		const canForward = isMeant && this.#execution?.hasStreams === true && !this.#forwarded;
		if (canForward) this.#execution?.control({ type: 'signal', signal });
		this.#forwarded = true;
		if (canForward && signal !== 'SIGHUP') return;
		this.#execution?.detach();
		this.#reject(new Quit(128 + constants.signals[signal]));
	};
}
