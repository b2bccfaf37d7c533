import { setTimeout as sleep } from 'node:timers/promises';
import { explainRefusal } from '#engine/plan/trace/refusals.ts';
import { hostEnd } from '#model/cable.ts';
import type { Network } from '#model/network.ts';
import type { Refusal, RefusalReason } from '#model/traffic/refusal.ts';
import type { EngineContext } from '../../context.ts';
import type { AddressBook, Holder } from './addresses.ts';
import { RefusalQueue, type Repeated } from './refusal-queue.ts';
import { bookOf, type FlowSelection, selectedIds } from './selection.ts';

/** Milliseconds in which equal refusals become one. */
const GATHER = 50;

/** Equal refusals with the holders of their addresses, and the reason in words. */
export interface NamedRefusal extends Repeated {
	readonly from: Holder;
	readonly to: Holder;
	/** Where the packet came in, by its interface. */
	readonly network: { readonly id: string; readonly name: string } | undefined;
	readonly rule: string;
	readonly change: string;
}

export type RefusalNews =
	/** Refusals are watched from here on. */
	| { readonly kind: 'ready' }
	| { readonly kind: 'refused'; readonly refusal: NamedRefusal }
	| { readonly kind: 'unshown'; readonly reason: RefusalReason; readonly packets: number }
	/** More happened than the reader took. */
	| { readonly kind: 'missed' };

/** Packets that the firewall refuses, as it happens. While nobody listens, nothing is reported or kept. */
export class RefusalOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/**
	 * Until `abandoned` is aborted.
	 *
	 * @param selection a refusal fits when one of its ends, or the network that it came in on, does
	 * @throws NO_SUCH_OBJECT for a name or id that nothing has; UNSUPPORTED_HERE where the host cannot tell
	 */
	follow(selection: FlowSelection, abandoned: AbortSignal): AsyncGenerator<RefusalNews> {
		const ids = selectedIds(this.#context.store, selection);
		const queue = new RefusalQueue();
		this.#context.driver.traffic.watchRefusals((report) => queue.add(report), abandoned);
		abandoned.addEventListener('abort', () => queue.wake(), { once: true });
		return this.#news(queue, ids, abandoned);
	}

	async *#news(queue: RefusalQueue, ids: ReadonlySet<string>, abandoned: AbortSignal): AsyncGenerator<RefusalNews> {
		yield { kind: 'ready' };
		while (!abandoned.aborted) {
			await queue.some();
			await sleep(GATHER);
			if (abandoned.aborted) return;
			const { refusals, unshown, missed } = queue.take(Date.now());
			if (missed) yield { kind: 'missed' };
			const naming = refusals.length > 0 ? await this.#naming() : undefined;
			for (const refusal of refusals) {
				const named = naming?.name(refusal);
				if (named && concerns(named, ids)) yield { kind: 'refused', refusal: named };
			}
			for (const [reason, packets] of unshown) yield { kind: 'unshown', reason, packets };
		}
	}

	async #naming(): Promise<Naming> {
		return new Naming(this.#context, await bookOf(this.#context));
	}
}

function concerns({ from, to, network }: NamedRefusal, ids: ReadonlySet<string>): boolean {
	const involved = [from.container, from.network, to.container, to.network, network];
	return ids.size === 0 || involved.some((one) => one !== undefined && ids.has(one.id));
}

/** Names of one batch of refusals, by the store as it is then. */
class Naming {
	readonly #store: EngineContext['store'];
	readonly #book: AddressBook;
	readonly #networks: readonly Network[];

	constructor({ store }: EngineContext, book: AddressBook) {
		this.#store = store;
		this.#book = book;
		this.#networks = store.networks.list();
	}

	name(refusal: Repeated): NamedRefusal {
		const from = this.#book.holderOf(refusal.source.address);
		const to = this.#targetOf(refusal);
		const network = this.#networkAt(refusal.arrived);
		const words = explainRefusal(refusal.reason, {
			from: (from.network ?? network)?.name ?? from.kind,
			to: to.network?.name ?? to.kind,
			fromMember: from.kind === 'container',
			source: from.container?.name ?? refusal.source.address,
			target: to.container?.name ?? to.kind,
			mayJoin: this.#mayJoin(from, to),
		});
		return { ...refusal, from, to, network: network && { id: network.id, name: network.name }, ...words };
	}

	/** Of a published port, the container that it leads to. */
	#targetOf({ reason, protocol, destination }: Refusal): Holder {
		const holder = this.#book.holderOf(destination.address);
		if (reason !== 'source-refused') return holder;
		const publishing = this.#store.containers
			.list()
			.find(({ publicPorts }) =>
				publicPorts.some((one) => one.protocol === protocol && includes(one.hostPort, destination.port)),
			);
		return publishing
			? { kind: 'container', container: { id: publishing.id, name: publishing.name }, ...networkOf(holder) }
			: holder;
	}

	/** Network of an interface of the host: its own one, or the cable of an endpoint on it. */
	#networkAt(name: string): Network | undefined {
		const own = this.#networks.find((network) => network.interface === name);
		if (own || name === '') return own;
		return this.#networks.find(({ id }) =>
			this.#store.endpoints.ofNetwork(id).some(({ epair }) => epair !== null && hostEnd(epair) === name),
		);
	}

	#mayJoin(from: Holder, to: Holder): boolean {
		const container = from.container && this.#store.containers.get(from.container.id);
		const network = this.#networks.find(({ id }) => id === to.network?.id);
		if (!container || !network) return false;
		return container.networkDriver === 'ipnet' || (container.networkDriver === 'vnet' && network.type === 'bridge');
	}
}

function networkOf({ network }: Holder): Pick<Holder, 'network'> {
	return network ? { network } : {};
}

/** @param range `N` or `N:M` */
function includes(range: string, port: number): boolean {
	const [first = 0, last = first] = range.split(':').map(Number);
	return first <= port && port <= last;
}
