import { setTimeout as sleep } from 'node:timers/promises';
import type { Flow, FlowChange } from '#model/traffic/flow.ts';
import type { EngineContext } from '../../context.ts';
import type { Runs } from '../container/runs.ts';
import type { AddressBook, Holder } from './addresses.ts';
import { bookOf, type FlowSelection, selectedIds } from './selection.ts';

/** Milliseconds in which changes are gathered before a reader gets them. */
const GATHER = 50;
/** Changes that wait for a reader, at most; what it misses it is told. */
const MOST_WAITING = 5000;

/** A flow with the holders of its addresses. */
export interface NamedFlow extends Flow {
	readonly from: Holder;
	/** Of the target. */
	readonly to: Holder;
}

export type NamedFlowChange =
	| { readonly kind: 'present' | 'began' | 'changed' | 'ended'; readonly flow: NamedFlow }
	/** More happened than was taken: the flows that are present follow anew. */
	| { readonly kind: 'missed' };

/** Who talks with whom. While nobody asks, nothing is looked at. */
export class FlowOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	/** @throws NO_SUCH_OBJECT for a name or id that nothing has */
	async list(selection: FlowSelection): Promise<NamedFlow[]> {
		const fits = this.#filter(selection);
		return (await this.#present()).filter(fits);
	}

	/**
	 * Flows that are present, then what changes, until `abandoned` is aborted. Flows within a bridge, which the host does
	 * not track, are only among those that are present.
	 *
	 * @throws NO_SUCH_OBJECT for a name or id that nothing has
	 */
	follow(selection: FlowSelection, abandoned: AbortSignal): AsyncGenerator<NamedFlowChange> {
		return this.#follow(this.#filter(selection), abandoned);
	}

	async *#follow(fits: (flow: NamedFlow) => boolean, abandoned: AbortSignal): AsyncGenerator<NamedFlowChange> {
		const waiting = new Waiting();
		abandoned.addEventListener('abort', () => waiting.wake(), { once: true });
		this.#context.driver.traffic.watchFlows((change) => waiting.add(change), abandoned);
		yield* await this.#presentAs(fits);
		while (!abandoned.aborted) {
			await waiting.some();
			if (abandoned.aborted) return;
			await sleep(GATHER);
			const { changes, missed } = waiting.take();
			if (missed) {
				yield { kind: 'missed' };
				yield* await this.#presentAs(fits);
				continue;
			}
			const book = await bookOf(this.#context);
			for (const change of changes) {
				if (change.kind === 'missed') continue;
				const flow = named(change.flow, book);
				if (concernsContainer(flow) && fits(flow)) yield { kind: change.kind, flow };
			}
		}
	}

	async #presentAs(fits: (flow: NamedFlow) => boolean): Promise<NamedFlowChange[]> {
		return (await this.#present()).filter(fits).map((flow) => ({ kind: 'present', flow }));
	}

	/** Those of containers alone: who else talks with the host is nobody's business here. */
	async #present(): Promise<NamedFlow[]> {
		const { store, driver } = this.#context;
		const own = store.containers
			.list()
			.filter(({ id, networkDriver }) => networkDriver === 'vnet' && this.#runs.isRunning(id));
		const [flows, book] = await Promise.all([driver.traffic.flows(own.map(({ id }) => id)), bookOf(this.#context)]);
		return distinct(flows.map((flow) => named(flow, book)).filter(concernsContainer));
	}

	#filter(selection: FlowSelection): (flow: NamedFlow) => boolean {
		const ids = selectedIds(this.#context.store, selection);
		const holds = ({ container, network }: Holder) =>
			(container && ids.has(container.id)) || (network && ids.has(network.id));
		return ({ from, to }) => ids.size === 0 || holds(from) === true || holds(to) === true;
	}
}

function named(flow: Flow, book: AddressBook): NamedFlow {
	return { ...flow, from: book.holderOf(flow.source.address), to: book.holderOf(flow.target.address) };
}

function concernsContainer({ from, to }: NamedFlow): boolean {
	return from.kind === 'container' || to.kind === 'container';
}

/**
 * A connection that the host tracks is also seen by the sockets at its ends: there it is left out. Without translation
 * it has the same addresses and ports; with it, one end sees the destination, the other one the sender.
 */
function distinct(flows: readonly NamedFlow[]): NamedFlow[] {
	const seen = new Set<string>();
	return flows.filter((flow) => {
		const { protocol, source, destination, target, sender } = flow;
		const views = [
			[source, destination],
			[sender, target],
		].map((ends) => [protocol, ...ends.map(({ address, port }) => `${address} ${port}`).sort()].join(' '));
		if (views.some((view) => seen.has(view))) return false;
		for (const view of views) seen.add(view);
		return true;
	});
}

/** Changes until a reader takes them. */
class Waiting {
	#changes: FlowChange[] = [];
	#missed = false;
	#wake: () => void = () => {};

	add(change: FlowChange): void {
		if (change.kind === 'missed' || this.#changes.length >= MOST_WAITING) {
			this.#missed = true;
			this.#changes = [];
		} else if (!this.#missed) this.#changes.push(change);
		this.wake();
	}

	wake(): void {
		this.#wake();
	}

	async some(): Promise<void> {
		if (this.#missed || this.#changes.length > 0) return;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#wake = resolve;
		await promise;
	}

	take(): { readonly changes: readonly FlowChange[]; readonly missed: boolean } {
		const taken = { changes: this.#changes, missed: this.#missed };
		this.#changes = [];
		this.#missed = false;
		return taken;
	}
}
