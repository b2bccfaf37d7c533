import { constants } from 'node:os';
import { ENDING_SIGNALS, FORWARDED_SIGNALS, type ForwardedSignal } from '#api/frames.ts';
import type { AttachedExecution } from '#client/executions.ts';
import { Quit } from '../failure.ts';
import { Detached } from './detach-keys.ts';

/** Signals that klee's parent had ignored, as nohup does: bin/klee found them, because Node takes that back. */
const IGNORED = (process.env.KLEENE_IGNORED_SIGNALS ?? '').split(' ');
const HANDLED = FORWARDED_SIGNALS.filter((signal) => !IGNORED.includes(signal));

/** Takes from the runtime what it makes of signals: they mean what they mean to any program. */
export function takeSignals(): void {
	// To the runtime it means a debugger.
	process.on('SIGUSR1', () => {
		if (process.listenerCount('SIGUSR1') === 1) process.exit(128 + constants.signals.SIGUSR1);
	});
	for (const signal of FORWARDED_SIGNALS) if (IGNORED.includes(signal)) process.on(signal, () => {});
	delete process.env.KLEENE_IGNORED_SIGNALS;
}

const ENDING: readonly string[] = ENDING_SIGNALS;

/**
 * Signals are for the process in the container. One where nothing can pass it on, or the second that asks for an end, is
 * for klee: it leaves and exits as if the signal had ended it. A terminal that hangs up cannot send a second one.
 */
export class SignalForwarding {
	/** Rejects with Quit when klee has to leave. */
	readonly detached: Promise<never>;
	readonly #reject: (reason: Quit | Detached) => void;
	#execution: AttachedExecution | undefined;
	#askedToEnd = false;

	readonly #options: { readonly forwards: boolean; readonly leaves: boolean };

	/** @param options.leaves a terminal that hangs up is no signal for the process */
	constructor(options: { readonly forwards: boolean; readonly leaves: boolean }) {
		this.#options = options;
		const { promise, reject } = Promise.withResolvers<never>();
		this.detached = promise;
		this.#reject = reject;
		promise.catch(() => {}); // it may come before anybody waits for it
		for (const signal of HANDLED) process.on(signal, this.#handle);
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
		for (const signal of HANDLED) process.off(signal, this.#handle);
	}

	readonly #handle = (signal: ForwardedSignal): void => {
		const { forwards, leaves } = this.#options;
		const isMeant = forwards && !(leaves && signal === 'SIGHUP');
		const asksToEnd = ENDING.includes(signal);
		const canForward = isMeant && this.#execution?.hasStreams === true && !(asksToEnd && this.#askedToEnd);
		if (canForward) this.#execution?.control({ type: 'signal', signal });
		this.#askedToEnd ||= asksToEnd;
		if (canForward && signal !== 'SIGHUP') return;
		this.#execution?.detach();
		this.#reject(new Quit(128 + constants.signals[signal]));
	};
}

/**
 * Restores something before a signal ends klee, which then ends by that signal.
 *
 * @returns a function that ends the listening
 */
export function restoreBeforeSignals(restore: () => void): () => void {
	const stop = () => {
		for (const signal of HANDLED) process.off(signal, end);
	};
	const end = (signal: NodeJS.Signals) => {
		restore();
		stop();
		process.kill(process.pid, signal);
	};
	for (const signal of HANDLED) process.on(signal, end);
	return stop;
}
