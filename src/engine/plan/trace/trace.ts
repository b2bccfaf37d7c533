/**
 * The way of a packet, told from what the store says: who sends it, over which cables, by which route, translated to
 * what, and which rule decides about it. Whether the host does the same, a probe says afterwards.
 */

import { formatAddress, isLoopback, parseAddress } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { hostEnd } from '#model/cable.ts';
import { addressesOf } from '#model/endpoint.ts';
import type { Network } from '#model/network.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import type { Beyond, HostService, Zone } from '#model/reach/passage.ts';
import { isUntranslated, wayOut } from '#model/reach/reach.ts';
import { isTranslatedAt } from '../network/network.ts';
import { type Hop, Hops, Stopped } from './hops.ts';
import type { TraceQuestion } from './question.ts';
import { bridgeRuling, inputRuling, passageRuling, type Ruling, sourceRuling } from './rules.ts';
import type { Service } from './service.ts';
import {
	asksResolver,
	holderOf,
	isHostAddress,
	networkAround,
	type TraceContainer,
	type TraceEnd,
	type TraceEndpoint,
	type TraceWorld,
	uplinkAddress,
} from './world.ts';

export interface Trace {
	readonly hops: readonly Hop[];
	readonly reachable: boolean;
	/** Why, in words. */
	readonly reason: string;
	/** Absent for pings, and for what does not arrive or leaves for the outside. */
	readonly service?: Service;
}

export interface Journey {
	readonly world: TraceWorld;
	readonly question: TraceQuestion;
	readonly from: TraceEnd;
	readonly to: TraceEnd;
}

export function trace(journey: Journey): Trace {
	const walk = new Walk(journey);
	try {
		walk.start();
		const rules = walk.hops.list.filter(({ kind }) => kind === 'rule');
		const reason = rules.at(-1)?.what ?? 'no rule stands in between';
		return { hops: walk.hops.list, reachable: true, reason, ...(walk.service ? { service: walk.service } : {}) };
	} catch (error) {
		if (!(error instanceof Stopped)) throw error;
		return { hops: walk.hops.list, reachable: false, reason: error.message };
	}
}

/** Origin of a packet as known to the host. */
interface Arrival {
	readonly zone: Zone;
	/** For commands. */
	readonly source: string;
}

const HOST: Zone = { kind: 'host' };
const OUTSIDE = { kind: 'outside' } as const;

class Walk {
	readonly hops = new Hops();
	service: Service | undefined;
	readonly #journey: Journey;
	/** Another one after a published port. */
	#port: number;

	constructor(journey: Journey) {
		this.#journey = journey;
		this.#port = journey.question.port;
	}

	start(): void {
		const { from, world } = this.#journey;
		if (from.kind === 'container') this.#fromContainer(from.container);
		else if (from.kind === 'nobody')
			this.hops.lose('process', `no container has ${from.address}`, `klee network inspect ${from.network.name}`);
		else if (from.kind === 'host') {
			this.hops.add('process', 'a process of the host');
			this.#atHost({ zone: HOST, source: 'host' }, this.#journey.to);
		} else {
			const who = from.address || 'somebody outside';
			this.hops.add('outside', `${who}, arrives on ${world.gatewayInterface || 'the host'}`);
			this.#atHost({ zone: this.#neighbourhoodOf(from.address), source: 'outside' }, this.#journey.to);
		}
	}

	/** Every other address in the subnet of a custom network is a neighbour. */
	#neighbourhoodOf(address: string): Exclude<Beyond, { kind: 'members' }> {
		const network = address === '' ? undefined : networkAround(this.#journey.world, address);
		return network ? { kind: 'neighbours', network } : OUTSIDE;
	}

	#fromContainer(container: TraceContainer): void {
		const { name, driver, running } = container;
		const { to } = this.#journey;
		if (!running) this.hops.lose('process', `${name} is not running`, `klee start ${name}`);
		this.hops.add('process', `${name}, network driver ${driver}`);
		if (driver === 'host') this.#atHost({ zone: HOST, source: name }, to);
		else if (to.kind !== 'outside' && isOwn(container, to.address)) {
			this.hops.add('route', `${to.address} is its own address`);
			this.#arrive(name, to.address, container.id);
		} else this.#outOfContainer(container);
	}

	#outOfContainer(container: TraceContainer): void {
		const { name, driver } = container;
		const { to } = this.#journey;
		const endpoint = endpointTowards(container, to.address) ?? this.#withoutRoute(container);
		const { network, inside, unit, shared } = endpoint;
		if (!shared && unit !== null) this.hops.add('cable', `${inside} → ${hostEnd(unit)}`);
		if (network.type === 'bridge' && driver === 'vnet') this.hops.add('bridge', network.interface);
		const neighbour = driver === 'vnet' ? this.#neighbour(network) : undefined;
		if (neighbour) {
			const names = { source: name, target: neighbour.container.name, mayJoin: true };
			this.hops.rule(bridgeRuling(network, names));
			this.#into(neighbour.container, neighbour.endpoint, to.address);
		} else this.#atHost({ zone: { kind: 'members', network }, source: name }, to);
	}

	#withoutRoute({ name, driver, endpoints }: TraceContainer): never {
		const { address } = this.#journey.to;
		const none = driver === 'disabled' || endpoints.length === 0;
		const what = none ? `${name} is on no network` : `${name} has no route to ${address || 'the outside'}`;
		const change = driver === 'disabled' ? 'klee run -l vnet -n NETWORK ...' : `klee network connect NETWORK ${name}`;
		return this.hops.lose('route', what, change);
	}

	/** Another vnet container on the same bridge: the host does not route between the two. */
	#neighbour(network: Network): { container: TraceContainer; endpoint: TraceEndpoint } | undefined {
		const { to } = this.#journey;
		if (to.kind !== 'container' || to.container.driver !== 'vnet') return undefined;
		const endpoint = endpointWith(to.container, to.address);
		return endpoint?.network.id === network.id ? { container: to.container, endpoint } : undefined;
	}

	/** The packet is with the host, which translates, routes and judges. */
	#atHost(arrival: Arrival, to: TraceEnd): void {
		const { world, question } = this.#journey;
		const forNames = asksResolver(world, to.address, question);
		const port = isHostAddress(world, to.address) && !forNames ? this.#portAt(to.address) : undefined;
		if (port && this.#isUntranslated(to.address, port)) {
			const other = uplinkAddress(world, 6) ?? '127.0.0.1';
			this.hops.add('nat', `the host's own ::1 leads to no container on a bridge: ask ${other} instead`);
			this.#arrive('the host', to.address);
		} else if (port) {
			const target = port.targetFirst + question.port - port.first;
			const what = `${to.address} ${question.port}/${question.protocol} is published: → ${port.target} ${target}`;
			this.hops.add('nat', what);
			this.#port = target;
			const sources = port.from?.flatMap((block) => parseSubnet(block) ?? []);
			if (sources && arrival.zone.kind !== 'host') this.hops.rule(sourceRuling(this.#senderTo(to.address), sources));
			this.#onward(arrival, holderOf(world, port.target), true);
		} else if (isHostAddress(world, to.address)) {
			this.hops.add('route', `${to.address} is an address of the host`);
			if (arrival.zone.kind !== 'host') this.hops.rule(inputRuling(arrival.zone, serviceOf(question, forNames)));
			this.#arrive('the host', to.address);
		} else this.#onward(arrival, to, false);
	}

	/** See `bridged6` of the firewall's rules. */
	#isUntranslated(address: string, { target }: PublishedPortsPart): boolean {
		const holder = holderOf(this.#journey.world, target);
		const asked = parseAddress(address);
		return asked !== undefined && holder.kind === 'container' && isUntranslated(asked, holder.container);
	}

	/** The address by which the host knows the sender; `''` for nobody in particular. */
	#senderTo(address: string): string {
		const { from } = this.#journey;
		if (from.kind !== 'container') return from.address;
		const own = endpointTowards(from.container, address)?.addresses[familyOf(address)];
		return own ? formatAddress(own) : '';
	}

	#portAt(address: string): PublishedPortsPart | undefined {
		const { world, question } = this.#journey;
		const fitting = world.ports.filter(
			({ protocol, first, last, target }) =>
				protocol === question.protocol &&
				first <= question.port &&
				question.port <= last &&
				familyOf(target) === familyOf(address),
		);
		return (
			fitting.find(({ hostAddress }) => hostAddress === address) ??
			fitting.find(({ hostAddress }) => hostAddress === '')
		);
	}

	#onward(arrival: Arrival, to: TraceEnd, translated: boolean): void {
		if (to.kind === 'container') this.#toContainer(arrival, to, translated);
		else if (to.kind === 'nobody') this.#toNobody(arrival, to);
		else this.#outward(arrival, to.address);
	}

	#toNobody(arrival: Arrival, { network, address }: Extract<TraceEnd, { kind: 'nobody' }>): void {
		this.hops.add('route', `${address} by ${network.interface}`);
		if (arrival.zone.kind !== 'host')
			this.hops.rule(this.#judge(arrival, { kind: 'members', network }, address, false));
		this.hops.lose('bridge', `no container has ${address}`, `klee network inspect ${network.name}`);
	}

	#toContainer(arrival: Arrival, to: Extract<TraceEnd, { kind: 'container' }>, translated: boolean): void {
		const { container, address } = to;
		const endpoint = endpointWith(container, address) ?? this.#withoutAddress(container);
		const { network, unit, shared } = endpoint;
		const bridged = container.driver === 'vnet';
		this.hops.add('route', `${address} by ${bridged || shared || unit === null ? network.interface : hostEnd(unit)}`);
		if (arrival.zone.kind !== 'host')
			this.hops.rule(this.#judge(arrival, { kind: 'members', network }, container.name, translated));
		const hairpin = translated && arrival.zone.kind !== 'host' && this.#journey.from.kind === 'container';
		if (hairpin || (arrival.zone.kind === 'host' && translated && isLoopback(this.#journey.to.address)))
			this.hops.add('nat', `the sender becomes the host, on ${network.interface}`);
		if (bridged) this.hops.add('bridge', network.interface);
		this.#into(container, endpoint, address);
	}

	#withoutAddress({ name }: TraceContainer): never {
		return this.hops.lose('route', `${name} is on no network`, `klee network connect NETWORK ${name}`);
	}

	#into({ id, name, running }: TraceContainer, { inside, unit, shared }: TraceEndpoint, address: string): void {
		if (!running || unit === null) this.hops.lose('process', `${name} is not running`, `klee start ${name}`);
		if (!shared && unit !== null) this.hops.add('cable', `${hostEnd(unit)} → ${inside}`);
		this.#arrive(name, address, id);
	}

	#outward(arrival: Arrival, address: string): void {
		const { world } = this.#journey;
		const zone = this.#neighbourhoodOf(address);
		const way = zone.kind === 'neighbours' ? zone.network.interface : world.gatewayInterface;
		if (way === '') this.hops.lose('route', 'the host has no default route', 'ip route add default via ...');
		this.hops.add('route', `${address || 'the outside'} by ${way}`);
		if (arrival.zone.kind !== 'host') this.hops.rule(this.#judge(arrival, zone, address || 'outside', false));
		if (arrival.zone.kind === 'members') this.#translate(arrival.zone.network, way, address);
		this.hops.add('outside', address || 'the outside');
	}

	#translate(network: Network, way: string, address: string): void {
		const translated = isTranslatedAt(network, familyOf(address), way);
		const kept = 'the sender stays as it is: others must know a way back to the container';
		this.hops.add('nat', translated ? `the sender becomes the host, on ${way}` : kept);
	}

	#judge({ zone, source }: Arrival, to: Beyond, target: string, published: boolean): Ruling {
		const { from } = this.#journey;
		const vnet = from.kind === 'container' && from.container.driver === 'vnet';
		const mayJoin = to.kind !== 'outside' && (!vnet || to.network.type === 'bridge');
		return passageRuling(zone, to, published, { source, target, mayJoin });
	}

	/** @param container its id; undefined: the host */
	#arrive(name: string, address: string, container?: string): void {
		const { protocol } = this.#journey.question;
		const port = this.#port;
		if (protocol === 'icmp') this.hops.add('process', `${name} answers pings`);
		else {
			this.hops.add('process', `${name}, any listener on ${port}/${protocol}`);
			this.service = { container, name, address, protocol, port };
		}
	}
}

function isOwn({ endpoints }: Pick<TraceContainer, 'endpoints'>, address: string): boolean {
	return isLoopback(address) || endpointWith({ endpoints }, address) !== undefined;
}

function endpointWith({ endpoints }: Pick<TraceContainer, 'endpoints'>, address: string): TraceEndpoint | undefined {
	return endpoints.find((endpoint) => addressesOf(endpoint).includes(address));
}

/** @param text `''` for the outside */
function endpointTowards({ endpoints }: TraceContainer, text: string): TraceEndpoint | undefined {
	const address = parseAddress(text);
	return address ? wayOut(endpoints, address) : endpoints.find(({ defaultRoutes }) => defaultRoutes.length > 0);
}

function serviceOf({ protocol }: TraceQuestion, forNames: boolean): HostService {
	if (protocol === 'icmp') return 'ping';
	return forNames ? 'names' : 'other';
}
