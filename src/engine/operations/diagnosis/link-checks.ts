import { hostEnd } from '#model/cable.ts';
import type { PathOut } from '#model/host/path.ts';
import type { Hop } from '../../plan/trace/hops.ts';
import { mtuHops, type Segment, silentHop, strangeMacHop, takenMacHop } from '../../plan/trace/path-hops.ts';
import type { TraceContainer, TraceEnd, TraceEndpoint, TraceWorld } from '../../plan/trace/world.ts';
import { type Paths, senderEndpoint, type Target } from './ends.ts';

/** Way of a packet on links. */
interface Way {
	readonly from: TraceEnd;
	readonly target: Target | undefined;
	/** By which it leaves the host; undefined: the host does not route it. */
	readonly out: PathOut | undefined;
}

/** Checks what no route tells: who answers on the last link, and what is too big for one. */
export class Link {
	readonly #paths: Paths;
	readonly #world: TraceWorld;
	readonly #way: Way;
	#strange: Hop | undefined;

	constructor(paths: Paths, world: TraceWorld, way: Way) {
		this.#paths = paths;
		this.#world = world;
		this.#way = way;
	}

	/** Asks for who is next on the link. @returns the end of the packet, if it is the wrong one or nobody */
	async lost(): Promise<Hop | undefined> {
		const { target } = this.#way;
		const out = this.#way.out ?? this.#onBridge();
		if (!out) return undefined;
		const answer = await this.#paths.neighbour(out.interface, out.next);
		if (!answer) return silentHop(out, target?.container.name);
		const expected = target?.container.driver === 'vnet' ? target.endpoint.mac : '';
		if (!target || expected === '' || answer.mac === '' || answer.mac === expected) return undefined;
		const owner = this.#ownerOf(answer.mac, target);
		if (owner) return takenMacHop(target.address, answer.mac, owner.name);
		this.#strange = strangeMacHop(target.address, answer.mac, expected);
		return undefined;
	}

	/** The host asks on the bridge on which two containers are neighbours, where it has an address there. */
	#onBridge(): PathOut | undefined {
		const { target } = this.#way;
		if (!target) return undefined;
		const path = this.#paths.path({ address: target.address });
		return path.obstacle === undefined && path.interface === target.endpoint.network.interface ? path : undefined;
	}

	#ownerOf(mac: string, { container, endpoint }: Target): TraceContainer | undefined {
		const on = (one: TraceEndpoint) => one.network.id === endpoint.network.id && one.mac === mac && one.unit !== null;
		return this.#world.containers.find(({ id, endpoints }) => id !== container.id && endpoints.some(on));
	}

	/** To be called after `lost`. @param address on the packet */
	mtus(address: string): Hop[] {
		const { from, target, out } = this.#way;
		const sender = senderEndpoint(from, address);
		const begin = sender && from.kind === 'container' ? this.#fromContainer(from.container, sender) : [];
		const end = target ? this.#toContainer(target) : [];
		const middle = out ? [{ name: out.interface, mtu: out.mtu }] : [];
		const segments = out ? [begin, [...middle, ...end]] : [[...begin, ...end]];
		return [...(this.#strange ? [this.#strange] : []), ...mtuHops(segments.filter(({ length }) => length > 0))];
	}

	#fromContainer({ id, driver }: TraceContainer, { inside, unit, network }: TraceEndpoint): Segment {
		const cable = [this.#size(inside, id), this.#size(hostEnd(unit ?? 0))];
		return [...cable, ...(driver === 'vnet' ? [this.#size(network.interface)] : [])].flat();
	}

	#toContainer({ container, endpoint }: Target): Segment {
		return [this.#size(hostEnd(endpoint.unit ?? 0)), this.#size(endpoint.inside, container.id)].flat();
	}

	#size(name: string, container?: string): Segment {
		const mtu = this.#paths.mtu(name, container);
		return mtu === undefined ? [] : [{ name, mtu }];
	}
}
