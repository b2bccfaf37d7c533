import type { HostTraffic } from '#host/driver/traffic.ts';
import type { Flow, FlowChange, InterfaceCounters, Tracking } from '#model/traffic/flow.ts';
import type { RefusalReport } from '#model/traffic/refusal.ts';

/** What a test says that passes. */
export class FakeTraffic implements HostTraffic {
	present: readonly Flow[] = [];
	counted: readonly InterfaceCounters[] = [];
	readonly #refusalListeners = new Set<(report: RefusalReport) => void>();
	readonly #listeners = new Set<(change: FlowChange) => void>();

	async flows(): Promise<Flow[]> {
		return [...this.present];
	}

	watchFlows(listener: (change: FlowChange) => void, abandoned: AbortSignal): void {
		this.#listeners.add(listener);
		abandoned.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
	}

	/** Tells all that watch. */
	tell(change: FlowChange): void {
		for (const listener of this.#listeners) listener(change);
	}

	async tracking(): Promise<Tracking> {
		return { entries: this.present.length, limit: 1000 };
	}

	watchRefusals(listener: (report: RefusalReport) => void, abandoned: AbortSignal): void {
		this.#refusalListeners.add(listener);
		abandoned.addEventListener('abort', () => this.#refusalListeners.delete(listener), { once: true });
	}

	/** Tells all that watch refusals. */
	refuse(report: RefusalReport): void {
		for (const listener of this.#refusalListeners) listener(report);
	}

	/** Of refusals. */
	get watchers(): number {
		return this.#refusalListeners.size;
	}

	async counters(): Promise<InterfaceCounters[]> {
		return [...this.counted];
	}
}
