import { parseAddress } from '#inet/address.ts';
import { type Family, familyOf } from '#inet/family.ts';
import type { PacketHook, PathOut } from '#model/host/path.ts';
import { hostAddressOf } from '#model/network.ts';
import { hasAddress } from '#model/reach/reach.ts';
import type { Hop } from '../../plan/trace/hops.ts';
import {
	astrayHop,
	divertedHop,
	foreignDropHop,
	insideHop,
	type Leg,
	noRulesHop,
	obstacleHop,
} from '../../plan/trace/path-hops.ts';
import type { Trace } from '../../plan/trace/trace.ts';
import type { TraceWorld } from '../../plan/trace/world.ts';
import {
	arrivalOf,
	type Ends,
	hasFamily,
	isNeighbour,
	type Paths,
	senderEndpoint,
	senderOf,
	type Target,
	targetOf,
} from './ends.ts';
import { Link } from './link-checks.ts';

/** What the kernel says about the way of a packet that the model lets arrive. */
export interface KernelWord {
	/** Where the packet ends; undefined: the kernel agrees. */
	readonly lost?: Hop;
	/** What else there is to know. */
	readonly notes: readonly Hop[];
	/** What was not evaluated, one line each. */
	readonly notEvaluated: readonly string[];
}

/** Somebody outside, where no address was named: of documentation (RFC 5737, RFC 3849), so that the default route holds. */
const SOMEBODY: Readonly<Record<Family, string>> = { 4: '198.51.100.1', 6: '2001:db8:ffff::1' };

/** The world with the interface by which the kernel would send a packet to that address outside; else as it is. */
export function withKernelRoute(world: TraceWorld, { from, to }: Ends, paths: Paths | undefined): TraceWorld {
	if (!paths || to.kind !== 'outside' || to.address === '') return world;
	const sender = senderOf(from, to.address);
	const passed = sender && paths.path({ address: to.address, from: sender });
	// Where it is not passed on, the host itself may still know a way.
	const way = passed?.obstacle === undefined && passed ? passed : paths.path({ address: to.address });
	return { ...world, gatewayInterface: way.obstacle === undefined ? way.interface : '' };
}

/**
 * Asks the kernel about the way of a packet: the routes in the container and on the host in both directions, forwarding,
 * reverse path filters and policy routing, neighbours, MTUs, and the rules of others.
 */
export async function askKernel(world: TraceWorld, ends: Ends, told: Trace, paths: Paths): Promise<KernelWord> {
	const question = new KernelQuestion(world, ends, told, paths);
	return question.ask();
}

class KernelQuestion {
	readonly #world: TraceWorld;
	readonly #ends: Ends;
	readonly #paths: Paths;
	readonly #target: Target | undefined;
	readonly #translated: boolean;
	/** Address that the sender writes on the packet. */
	readonly #address: string;

	constructor(world: TraceWorld, ends: Ends, told: Trace, paths: Paths) {
		this.#world = world;
		this.#ends = ends;
		this.#paths = paths;
		this.#translated = told.hops.some(({ kind }) => kind === 'nat');
		this.#target = targetOf(world, ends, told);
		const family = 'container' in ends.from && !hasFamily(ends.from.container, 4) ? 6 : 4;
		this.#address = ends.to.address === '' ? SOMEBODY[family] : ends.to.address;
	}

	async ask(): Promise<KernelWord> {
		const { from, to } = this.#ends;
		const nothing = { notes: [], notEvaluated: [] };
		if (from.kind === 'container' && hasAddress(from.container, parseAddress(this.#address)!)) return nothing;
		const inside = this.#inside();
		if (inside?.verdict !== undefined) return { ...nothing, lost: inside };
		const notes = inside ? [inside] : [];
		const direct = this.#target !== undefined && isNeighbour(from, this.#target);
		const out = direct || (to.kind === 'host' && !this.#target) ? undefined : this.#routed();
		if (out && 'kind' in out) return { notes, notEvaluated: [], lost: out };
		const { drop, unknown } = this.#rulesOfOthers(direct);
		if (drop) return { notes, notEvaluated: [], lost: drop };
		const link = new Link(this.#paths, this.#world, { from, target: this.#target, out });
		const lost = await link.lost();
		if (lost) return { notes, notEvaluated: unknown, lost };
		const beyond = to.kind === 'outside' && out ? [`what is beyond ${out.next}: its routes, firewalls and MTU`] : [];
		return { notes: [...notes, ...link.mtus(this.#address)], notEvaluated: [...unknown, ...beyond] };
	}

	/** The routes in the container that sends. */
	#inside(): Hop | undefined {
		const { from } = this.#ends;
		const endpoint = senderEndpoint(from, this.#address);
		if (from.kind !== 'container' || !endpoint) return undefined;
		const { id, name } = from.container;
		const path = this.#paths.path({ address: this.#address, container: id });
		if (path.obstacle !== undefined) return insideHop(name, this.#address);
		return path.interface === endpoint.inside ? undefined : divertedHop(name, this.#address, path.interface);
	}

	/** The way over the host, there and back. @returns a hop where the packet or its answer ends */
	#routed(): Hop | PathOut | undefined {
		const target = this.#target;
		const address = target?.address ?? this.#address;
		const from = this.#arrival(address);
		const out = this.#paths.path({ address, ...(from ? { from } : {}) });
		if (out.obstacle !== undefined) return isKnown(target) ? undefined : obstacleHop(out.obstacle, { address, from });
		const expected = target && arrivalOf(target.container, target.endpoint);
		if (expected !== undefined && out.interface !== expected) return astrayHop(address, out.interface, expected);
		const back = from && this.#way(answerTo(from.source, address, out), target, from.interface);
		return back ?? out;
	}

	#way(leg: Leg, target: Target | undefined, expected: string): Hop | undefined {
		// The answer to a port goes to the host, whose sender it became, where a container asked.
		if (target?.published && this.#ends.from.kind === 'container') return undefined;
		const way = this.#paths.path({ address: leg.address, ...(leg.from ? { from: leg.from } : {}) });
		if (way.obstacle !== undefined) return obstacleHop(way.obstacle, leg);
		const astray = this.#ends.from.kind === 'container' && way.interface !== expected;
		return astray ? astrayHop(leg.address, way.interface, expected) : undefined;
	}

	/** Where the packet comes in on the host; undefined: it is the host's own. */
	#arrival(address: string): Leg['from'] {
		const { from } = this.#ends;
		if (from.kind === 'outside' && this.#world.gatewayInterface !== '')
			return { source: from.address || SOMEBODY[familyOf(address)], interface: this.#world.gatewayInterface };
		return senderOf(from, this.#address);
	}

	#rulesOfOthers(direct: boolean): { readonly drop?: Hop; readonly unknown: readonly string[] } {
		const { from, to } = this.#ends;
		const bridged = [from, ...(this.#target ? [{ ...this.#target, kind: 'container' as const }] : [])].some(
			(end) => end.kind === 'container' && end.container.driver === 'vnet',
		);
		const local = from.kind === 'host' || (from.kind === 'container' && from.container.driver === 'host');
		const arrives = to.kind === 'host' && !this.#target;
		const hooks: PacketHook[] = [local ? 'output' : 'prerouting', arrives ? 'input' : 'postrouting'];
		if (!local && !arrives) hooks.push('forward');
		const bridge = direct ? 'only' : bridged ? 'also' : 'no';
		const { own, foreign } = this.#paths.rules({ family: familyOf(this.#address), hooks, bridge });
		const drops = foreign.find(({ effect }) => effect === 'drop');
		const unknown = foreign.filter(({ effect }) => effect === 'unknown').map(({ name }) => name);
		if (!own && this.#translated) return { drop: noRulesHop(), unknown };
		if (!own) unknown.push('the rules of Kleene, which are missing: klee network doctor --repair');
		return drops ? { drop: foreignDropHop(drops.name), unknown } : { unknown };
	}
}

/** Whether the model tells itself that the host has no way to it: a bridge on which it has no address. */
function isKnown(target: Target | undefined): boolean {
	if (target?.container.driver !== 'vnet') return false;
	const settings = target.endpoint.network.families[familyOf(target.address)];
	return !settings || hostAddressOf(settings) === undefined;
}

function answerTo(source: string, address: string, out: PathOut): Leg {
	return { address: source, from: { source: address, interface: out.interface } };
}
