import { KleeneError } from '#errors/kleene-error.ts';
import type { ProbeResult } from '#host/driver.ts';
import { parseAddress } from '#inet/address.ts';
import { FAMILIES } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import type { Container } from '#model/container.ts';
import { macOfEndpoint } from '#model/endpoint.ts';
import { type PublishedPort, parsePortRange } from '#model/port.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer } from '../../identify.ts';
import { vnetInterface } from '../../plan/network/endpoint.ts';
import { parseQuestion, type TraceQuestion } from '../../plan/trace/question.ts';
import { isHeard, serviceHop } from '../../plan/trace/service.ts';
import { type Trace, trace } from '../../plan/trace/trace.ts';
import {
	addressFor,
	holderOf,
	hostAddressFor,
	type TraceContainer,
	type TraceEnd,
	type TraceWorld,
	uplinkAddress,
	withoutMembers,
} from '../../plan/trace/world.ts';
import type { Ends } from './ends.ts';
import { askKernel, withKernelRoute } from './kernel-routes.ts';

export interface TraceOutcome extends Checked {
	readonly question: TraceQuestion;
	/** That packets are sent to; `''` for the outside. */
	readonly address: string;
	readonly probe: ProbeResult | undefined;
	/** Why there was none, `''` where there was. */
	readonly notProbed: string;
	/** Whether a process takes what arrives; undefined where nothing does, or the host cannot tell. */
	readonly listening: boolean | undefined;
	readonly verdict: 'reachable' | 'unreachable' | 'disagreement';
}

interface Checked extends Trace {
	/** What of the host was not evaluated, one line each. */
	readonly notEvaluated: readonly string[];
}

const NOT_ASKED = ['the routes, neighbours, MTUs and other rules of the host: it cannot be asked about them'];

/** Tells the way of a packet from what the store says, and has the host confirm it. */
export class TraceOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** @param destination see `parseQuestion` */
	async trace(source: string, destination: string): Promise<TraceOutcome> {
		const question = parseQuestion(source, destination);
		const observed = await this.#world();
		const from = this.#source(observed, question.source);
		const to = this.#destination(observed, question.destination, from);
		const { driver } = this.#context;
		const world = withKernelRoute(observed, { from, to }, driver.paths);
		const checked = await this.#checked(trace({ world, question, from, to }), world, { from, to });
		const { service, ...told } = checked;
		const listeners = service && (await this.#context.driver.listeners(service));
		const known = service && listeners && { service, listeners };
		const publisher = known && to.kind === 'host' ? this.#stoppedPublisher(question) : undefined;
		const hops = known ? [...told.hops.slice(0, -1), serviceHop(service, listeners, publisher)] : told.hops;
		const notProbed = reasonNotToProbe(from, to);
		const probe = notProbed === '' ? await this.#probe(question, from, to.address) : undefined;
		const agrees = probe === undefined || [undefined, told.reachable].includes(arrived(question, probe));
		const verdict = agrees ? (told.reachable ? 'reachable' : 'unreachable') : 'disagreement';
		const listening = known && isHeard(service, listeners);
		return { ...told, hops, question, address: to.address, probe, notProbed, listening, verdict };
	}

	/** The kernel may know better than the model where packets go. */
	async #checked(told: Trace, world: TraceWorld, ends: Ends): Promise<Checked> {
		const { paths } = this.#context.driver;
		if (!told.reachable) return { ...told, notEvaluated: [] };
		if (!paths) return { ...told, notEvaluated: NOT_ASKED };
		const { lost, notes, notEvaluated } = await askKernel(world, ends, told, paths);
		if (lost) {
			const end = told.hops.findIndex(({ kind }) => kind === 'route');
			const hops = lost.kind !== 'route' || end === -1 ? told.hops.slice(0, -1) : told.hops.slice(0, end);
			return { hops: [...hops, ...notes, lost], reachable: false, reason: lost.what, notEvaluated };
		}
		return { ...told, hops: [...told.hops.slice(0, -1), ...notes, ...told.hops.slice(-1)], notEvaluated };
	}

	/** Name of a container that publishes a port of the host when it runs. */
	#stoppedPublisher({ protocol, port }: TraceQuestion): string | undefined {
		const { store } = this.#context;
		const publishes = (one: PublishedPort) => {
			const { first, last } = parsePortRange(one);
			return one.protocol === protocol && first <= port && port <= last;
		};
		const publishers = store.containers.list().filter(({ publicPorts }) => publicPorts.some(publishes));
		return publishers.find(({ id }) => !store.containers.isRunning(id))?.name;
	}

	#probe({ protocol, port }: TraceQuestion, from: TraceEnd, address: string): Promise<ProbeResult> {
		const inside = from.kind === 'container' && from.container.driver !== 'host';
		return this.#context.driver.probe({ container: inside ? from.container.id : undefined, address, protocol, port });
	}

	async #world(): Promise<TraceWorld> {
		const { store, driver } = this.#context;
		const { interfaces, gatewayInterface } = await driver.observe('addressing');
		const running = new Set(store.containers.running().map(({ id }) => id));
		const containers = store.containers.list().map((container) => this.#container(container, running));
		const ports = [...running]
			.flatMap((id) => store.containers.parts(id))
			.filter((part) => part.kind === 'published-ports');
		return {
			networks: store.networks.list(),
			containers,
			ports,
			interfaces: withoutMembers(
				interfaces.map(({ name, addresses }) => ({ name, addresses: addresses.map(withoutPrefix) })),
				containers,
			),
			gatewayInterface,
		};
	}

	#container({ id, name, networkDriver: driver }: Container, running: ReadonlySet<string>): TraceContainer {
		const { store } = this.#context;
		const facts = this.#context.driver.facts();
		const shared = driver === 'ipnet' && !facts.ipnetHasEpair;
		const routes = store.containers.parts(id).filter((part) => part.kind === 'inside-route');
		const endpoints = store.endpoints.ofContainer(id).flatMap((endpoint) => {
			const network = store.networks.get(endpoint.networkId);
			if (!network) return [];
			const unit = endpoint.epair ?? 0;
			const inside = driver === 'vnet' ? vnetInterface({ endpoint, unit }, facts) : network.interface;
			const { addresses } = endpoint;
			const given = routes.filter((route) => route.interface === inside).map(({ family }) => family);
			// Who shares the host's stack has its routes.
			const defaultRoutes = shared ? FAMILIES : given;
			return [
				{ network, addresses, inside, unit: endpoint.epair, mac: macOfEndpoint(endpoint), defaultRoutes, shared },
			];
		});
		return { id, name, driver, running: running.has(id), endpoints };
	}

	#source(world: TraceWorld, name: string): TraceEnd {
		if (name === 'host') return { kind: 'host', address: '' };
		if (name === 'outside') return { kind: 'outside', address: '' };
		const address = parseAddress(name) && name;
		return address ? holderOf(world, address) : { kind: 'container', container: this.#find(world, name), address: '' };
	}

	#destination(world: TraceWorld, name: string, from: TraceEnd): TraceEnd {
		const source = from.kind === 'container' ? from.container : undefined;
		if (name === 'outside') return { kind: 'outside', address: '' };
		if (parseAddress(name)) return holderOf(world, name);
		const container = name === 'host' ? undefined : this.#find(world, name);
		if (container && container.driver !== 'host')
			return { kind: 'container', container, address: addressFor(container, source) ?? '' };
		const local = from.kind === 'host' || source?.driver === 'host';
		const address = source && !local ? hostAddressFor(world, source) : uplinkAddress(world, 4);
		return { kind: 'host', address: local ? '127.0.0.1' : requireAddress(address) };
	}

	#find({ containers }: TraceWorld, name: string): TraceContainer {
		const { id } = findContainer(this.#context.store, name);
		return containers.find((container) => container.id === id)!;
	}
}

function requireAddress(address: string | undefined): string {
	if (address) return address;
	throw new KleeneError({
		code: 'INVALID_ADDRESS',
		what: 'cannot trace to the host',
		why: 'it has no address that the source can reach',
		hint: 'name one of its addresses instead of "host"',
	});
}

/** Packets go to networks of Kleene and to the host, and start where Kleene can start them. */
function reasonNotToProbe(from: TraceEnd, to: TraceEnd): string {
	if (from.kind === 'outside') return 'no probe is sent from outside';
	if (from.kind === 'nobody') return 'no container has this address';
	if (from.kind === 'container' && !from.container.running) return 'the source is not running';
	if (to.kind === 'outside') return 'no packet is sent outside';
	return to.address === '' ? 'there is no address to send a packet to' : '';
}

/** @returns undefined where that cannot be told: many UDP services do not answer what they don't understand */
function arrived({ protocol }: TraceQuestion, { outcome }: ProbeResult): boolean | undefined {
	if (outcome === 'silence' && protocol === 'udp') return undefined;
	return outcome === 'answered' || outcome === 'closed';
}
