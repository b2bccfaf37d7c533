import { KleeneError } from '#errors/kleene-error.ts';
import type { HostCapture } from '#host/driver.ts';
import { checkFilter } from '#model/traffic/capture.ts';
import type { EngineContext } from '../../../context.ts';
import type { Runs } from '../../container/runs.ts';
import type { CaptureFormat } from './format.ts';
import { type CaptureLine, LineFormat } from './lines.ts';
import { PcapngFormat } from './packets.ts';
import { type CaptureTarget, CaptureTargets } from './target.ts';

/** Each has a buffer of the kernel and a process. */
const MOST_CAPTURES = 16;

export interface CaptureSelection {
	/** CONTAINER, NETWORK or PORT. */
	readonly of: string;
	/** As for tcpdump; `''`: all. */
	readonly filter: string;
	/** Limits, each of which ends the capture: packets, bytes of what is sent, seconds. */
	readonly count: number;
	readonly bytes: number;
	readonly seconds: number;
	/** Chosen by the client, for `stop`. */
	readonly id?: string | undefined;
}

/** Captures packets while somebody reads them. */
export class CaptureOperations {
	readonly #context: EngineContext;
	readonly #targets: CaptureTargets;
	readonly #runs: Runs;
	readonly #stops = new Map<string, (reason: string) => void>();
	#present = 0;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
		this.#targets = new CaptureTargets(context, runs);
	}

	/** A file of pcapng in pieces, with names of interfaces and containers. See `lines` for refusals. */
	packets(selection: CaptureSelection, abandoned: AbortSignal): Promise<AsyncGenerator<Buffer>> {
		return this.#begin(selection, 'packets', abandoned, (target, capture) => {
			const { store, driver } = this.#context;
			return new PcapngFormat({ target, capture, filter: selection.filter, store, os: driver.facts().release });
		});
	}

	/**
	 * A line for each packet, and one for the end. Resolves when the capture has begun.
	 *
	 * @throws NO_SUCH_CONTAINER, NO_SUCH_NETWORK, NO_SUCH_OBJECT, CONTAINER_NOT_RUNNING, DRIVER_REFUSED, INVALID_ARGUMENT for
	 * a filter, UNSUPPORTED_HERE
	 */
	lines(selection: CaptureSelection, abandoned: AbortSignal): Promise<AsyncGenerator<CaptureLine>> {
		return this.#begin(selection, 'lines', abandoned, () => new LineFormat(this.#context.store));
	}

	/** Asks a capture to end, with a summary. Nothing for one that has ended. */
	stop(id: string): void {
		this.#stops.get(id)?.('stopped');
	}

	async #begin<T>(
		selection: CaptureSelection,
		form: 'packets' | 'lines',
		abandoned: AbortSignal,
		formatOf: (target: CaptureTarget, capture: HostCapture) => CaptureFormat<T>,
	): Promise<AsyncGenerator<T>> {
		const { traffic } = this.#context.driver;
		if (!traffic.capture) throw unsupported(this.#context.driver.facts().release);
		const filter = checkFilter(selection.filter);
		const target = await this.#targets.find(selection.of);
		if (this.#present >= MOST_CAPTURES) throw tooMany();
		this.#present++;
		try {
			const { container, interfaces } = target;
			const capture = await traffic.capture({ container, interfaces, filter, form, count: selection.count });
			const leave = () => capture.abandon();
			if (abandoned.aborted) leave();
			abandoned.addEventListener('abort', leave, { once: true });
			void capture.ended.finally(() => this.#present--);
			return this.#read(selection, target, capture, formatOf(target, capture));
		} catch (error) {
			this.#present--;
			throw error;
		}
	}

	async *#read<T>(
		{ bytes, count, seconds, id }: CaptureSelection,
		target: CaptureTarget,
		capture: HostCapture,
		format: CaptureFormat<T>,
	): AsyncGenerator<T> {
		let reason: string | undefined;
		const stop = (why: string) => {
			if (reason !== undefined) return;
			reason = why;
			capture.stop();
		};
		const timer = setTimeout(stop, seconds * 1000, `${seconds} seconds have passed`);
		const unwatch = this.#watch(target, stop);
		if (id !== undefined) this.#stops.set(id, stop);
		let sent = 0;
		try {
			yield* format.begin();
			for await (const piece of capture.output) {
				for (const value of format.push(piece as Buffer)) {
					sent += format.sizeOf(value);
					if (sent > bytes) stop(`limit of ${bytes} bytes`);
					else yield value;
				}
			}
			const { packets, dropped, failure } = await capture.ended;
			yield* format.end({ packets, dropped, reason: reason ?? (failure || `limit of ${count} packets`) });
		} finally {
			clearTimeout(timer);
			unwatch();
			if (id !== undefined) this.#stops.delete(id);
			capture.abandon();
		}
	}

	/** @returns a function that ends the watching */
	#watch({ watched, network }: CaptureTarget, stop: (reason: string) => void): () => void {
		for (const { id, name } of watched) {
			const ended = () => stop(`container ${name} has ended`);
			const gone = this.#runs.untilGone(id);
			if (gone === undefined) ended();
			else void gone.then(ended);
		}
		if (network === undefined) return () => {};
		const subscription = this.#context.events.subscribe();
		void (async () => {
			for await (const event of subscription)
				if (event.kind === 'network-removed' && event.network === network) stop(`network ${event.name} was removed`);
		})();
		return () => subscription.close();
	}
}

function unsupported(release: string): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot capture packets',
		why: `Kleene does not capture on ${release} yet`,
		hint: 'use tcpdump on the host, e.g. "tcpdump -i kleene0"',
	});
}

function tooMany(): KleeneError {
	return new KleeneError({
		code: 'HOST_EXHAUSTED',
		what: 'cannot capture packets',
		why: `${MOST_CAPTURES} captures are under way`,
		hint: 'end one of them, and try again',
	});
}
