import { familyOf } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import type { RunMount } from '#model/build/run-mounts.ts';
import { hostEnd } from '#model/cable.ts';
import type { Container } from '#model/container.ts';
import { addressesOf } from '#model/endpoint.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { type Part, providedBy, removedWith, standsOn } from '#model/part.ts';
import type { InsideRoutePart } from '#model/parts/inside.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { type Step, unmakeAll } from '#model/step.ts';
import {
	byPreference,
	chooseDefaultRoutes,
	type LiveEndpoint,
	partsOfIpnetEndpoint,
	partsOfVnetEndpoint,
	requireDistinctInterfaces,
	vnetInterface,
} from '../network/endpoint.ts';
import { bringsOwnHosts, ownNames } from '../network/member-names.ts';
import { nameServersOf, sourceLimitOf } from '../network/network.ts';
import { byDepth } from './mounts.ts';

export interface RunDesired {
	readonly container: Container;
	/** Ids of those its root is made of, the top one first. */
	readonly layers: readonly string[];
	readonly liveEndpoints: readonly LiveEndpoint[];
	readonly spec: SandboxSpec;
	readonly ports: readonly PublishedPortsPart[];
	/** Of a RUN of a build; absent: it is no RUN. */
	readonly runMounts?: readonly RunMount[];
	readonly traits: HostTraits;
}

/** Parts of a running container, in the order of making. Taken apart in the opposite order. */
export function partsOfRun(desired: RunDesired): Part[] {
	const { container, layers, spec, ports, runMounts } = desired;
	const id = container.id;
	const parts: Part[] = [{ kind: 'root-mount', container: id, layers }];
	if (runMounts) parts.push({ kind: 'run-mounts', container: id, mounts: runMounts });
	if (spec.network === 'own') parts.push({ kind: 'stack', container: id, spec });
	parts.push(
		...partsOfEndpoints(desired),
		...asymmetricSources(desired),
		...sourceLimits(desired),
		...rateLimits(desired),
		...nameServers(desired),
		...hostsFile(desired),
	);
	parts.push(...ports);
	const places = (runMounts ?? []).map(({ destination, readOnly }) => ({ destination, readOnly }));
	const prepared = places.length > 0 ? { runMounts: places } : {};
	parts.push({
		kind: 'sandbox',
		container: id,
		spec,
		mounts: byDepth(container.mounts),
		...names(desired),
		...prepared,
	});
	return parts;
}

function partsOfEndpoints({ container, liveEndpoints, traits }: RunDesired): Part[] {
	const driver = container.networkDriver;
	if (driver !== 'vnet' && driver !== 'ipnet') return [];
	if (driver === 'ipnet') requireDistinctInterfaces(liveEndpoints);
	const routes = chooseDefaultRoutes(liveEndpoints, driver);
	return liveEndpoints.flatMap((liveEndpoint) => {
		const mine = routes.get(liveEndpoint.endpoint.id) ?? new Set();
		const publishes = container.publicPorts.length > 0;
		if (driver === 'vnet') return partsOfVnetEndpoint(liveEndpoint, { routes: mine, publishes, traits });
		return partsOfIpnetEndpoint(liveEndpoint, mine, traits.ipnetHasEpair);
	});
}

/**
 * Each address on each of the container's other networks. An internal network has no part in it: nothing of it leaves by
 * another one, and nothing of others by it.
 */
function asymmetricSources({ container, liveEndpoints, traits }: RunDesired): Part[] {
	const { id, networkDriver } = container;
	if (!traits.checksSources || (networkDriver === 'ipnet' && !traits.ipnetHasEpair)) return [];
	const open = liveEndpoints.filter(({ network }) => !network.internal);
	return open.flatMap((one) =>
		open
			.filter((other) => other !== one)
			.flatMap(({ endpoint }) => addressesOf(endpoint))
			.map((address): Part => {
				const entry = networkDriver === 'vnet' ? one.network.interface : hostEnd(one.unit);
				return { kind: 'asymmetric-source', container: id, interface: entry, address };
			}),
	);
}

/** One for each address of each endpoint. */
function sourceLimits({ container, liveEndpoints, traits }: RunDesired): Part[] {
	const { networkDriver } = container;
	const { limits } = traits;
	if (!limits || (networkDriver === 'ipnet' && !traits.ipnetHasEpair)) return [];
	return liveEndpoints.flatMap(({ endpoint, network, unit }) => {
		const entry = networkDriver === 'vnet' ? network.interface : hostEnd(unit);
		return addressesOf(endpoint).map((address) => sourceLimitOf(entry, address, limits));
	});
}

/** A limit for each cable; only hosts where every endpoint has one can hold an ipnet container to it. */
function rateLimits({ container, liveEndpoints, traits }: RunDesired): Part[] {
	const { id, bandwidth, networkDriver } = container;
	if (bandwidth === 0 || (networkDriver === 'ipnet' && !traits.ipnetHasEpair)) return [];
	return liveEndpoints.map((liveEndpoint) => {
		const { network, unit } = liveEndpoint;
		const inside = networkDriver === 'vnet' ? vnetInterface(liveEndpoint, traits) : network.interface;
		return { kind: 'rate-limit', container: id, unit, inside, rate: bandwidth };
	});
}

/**
 * The resolvers of all its networks, those of its default route first: each knows the names of all of them, but those of
 * internal networks say that no other name exists.
 */
function nameServers({ container, liveEndpoints, traits }: RunDesired): Part[] {
	if (traits.names !== 'resolver') return [];
	const servers = liveEndpoints.toSorted(byPreference).flatMap(({ network }) => nameServersOf(network));
	return servers.length === 0 ? [] : [{ kind: 'name-servers', container: container.id, servers }];
}

/** Its own name, where others are asked of resolvers. */
function names({ container: { mounts }, liveEndpoints, spec, traits }: RunDesired): Pick<SandboxPart, 'names'> {
	if (traits.names !== 'resolver' || bringsOwnHosts(mounts)) return {};
	return {
		names: ownNames(
			spec,
			[],
			liveEndpoints.toSorted(byPreference).flatMap(({ endpoint }) => addressesOf(endpoint)),
		),
	};
}

/** Which names are in it is said when it is made: see `HostsFileUpdater`. */
function hostsFile({ container: { id, mounts }, traits }: RunDesired): Part[] {
	if (traits.names !== 'hosts-file' || bringsOwnHosts(mounts)) return [];
	return [{ kind: 'hosts-file', container: id, own: [], networks: [] }];
}

/** The lines that the stream of a starting container begins with: the words of route(8), on every host. */
export function announcements(parts: readonly Part[]): string[] {
	return parts
		.filter((part) => part.kind === 'inside-route')
		.filter(({ gateway }) => gateway !== '')
		.map((part) => `add net default: gateway ${part.gateway}\n`);
}

/**
 * The parts that belong to one endpoint of a running container. Where it shares the host's stack it has no cable.
 * Published ports are not among them: where those lead is decided for all endpoints together.
 */
export function partsOfOneEndpoint(parts: readonly Part[], unit: number): Part[] {
	const cable = parts.find((part) => part.kind === 'epair' && part.unit === unit);
	const ends = new Set(cable ? providedBy(cable) : []);
	const isOwn = (part: Part) => {
		if (part === cable) return true;
		if (part.kind === 'ipnet-address') return part.unit === unit;
		return part.kind !== 'published-ports' && standsOn(part).some((name) => ends.has(name));
	};
	const places = new Set(parts.filter(isOwn).flatMap(placesOf));
	const concernsIt = (part: Part) =>
		(part.kind === 'asymmetric-source' || part.kind === 'source-limit') &&
		(places.has(part.interface) || places.has(part.address));
	return parts.filter((part) => isOwn(part) || concernsIt(part));
}

/** Identification of an endpoint in rules about packet sources: its addresses, and the interface on which its packets arrive. */
function placesOf(part: Part): string[] {
	if (part.kind === 'bridge-port') return [part.bridge];
	if (part.kind === 'ipnet-address') return [part.address];
	return part.kind === 'inside-address' ? [withoutPrefix(part.address)] : [];
}

/** Parts that join a running container leave alone the default routes that it already has, and what it speaks from. */
export function withoutSecondDefault(joining: readonly Part[], present: readonly Part[]): Part[] {
	const taken = new Set(present.filter((part) => part.kind === 'inside-route').map(({ family }) => family));
	return joining
		.filter((part) => part.kind !== 'inside-route' || !taken.has(part.family))
		.map((part) => (part.kind === 'ipnet-address' && hasFirst(present, part) ? notFirst(part) : part));
}

/** Whether the container speaks from another address of the same family. */
function hasFirst(parts: readonly Part[], { address }: IpnetAddressPart): boolean {
	return parts.some(
		(part) => part.kind === 'ipnet-address' && part.first && familyOf(part.address) === familyOf(address),
	);
}

function notFirst({ first: _, ...rest }: IpnetAddressPart): IpnetAddressPart {
	return rest;
}

/**
 * Plan the source address of a container after its previous one is removed.
 *
 * @param desired what the run would consist of now
 * @param staying what is left of it
 * @returns parts among `staying`, and the same as they are to be
 */
export function inheritedFirst(
	desired: readonly Part[],
	staying: readonly Part[],
): Record<'before' | 'after', IpnetAddressPart[]> {
	const heirs = new Set(
		desired.flatMap((part) =>
			part.kind === 'ipnet-address' && part.first && !hasFirst(staying, part) ? [part.address] : [],
		),
	);
	const before = staying.filter((part) => part.kind === 'ipnet-address').filter(({ address }) => heirs.has(address));
	return { before, after: before.map((part) => ({ ...part, first: true })) };
}

/** Default routes that others of its networks are to give, now that the one is gone that gave them. */
export function inheritedRoutes(desired: readonly Part[], present: readonly Part[]): Part[] {
	return withoutSecondDefault(
		desired.filter((part) => part.kind === 'inside-route'),
		present,
	);
}

/**
 * Default routes that a network which joined takes over: where the user prefers it, and from an internal network.
 *
 * @param desired what the run would consist of now
 * @param present what it consists of
 * @param joined inner end of the endpoint that joined
 */
export function movedRoutes(
	desired: readonly Part[],
	present: readonly Part[],
	joined: { readonly interface: string; readonly preferred: boolean; readonly closed: ReadonlySet<string> },
): { readonly before: InsideRoutePart; readonly after: InsideRoutePart }[] {
	const routes = present.filter((part) => part.kind === 'inside-route');
	return desired.flatMap((part) => {
		if (part.kind !== 'inside-route' || part.interface !== joined.interface) return [];
		const before = routes.find(({ family }) => family === part.family);
		if (!before || before.interface === part.interface) return [];
		return joined.preferred || joined.closed.has(before.interface) ? [{ before, after: part }] : [];
	});
}

export interface RunEnding {
	readonly processesGone: boolean;
	/** Its stack may have ended while nobody looked, and with it what said which addresses were on it. */
	readonly adopted: boolean;
	/** An exchange with the host is what costs: all in one chain, each address said. See `HostFacts.batches`. */
	readonly batches: boolean;
}

const OF_FILES: ReadonlySet<Part['kind']> = new Set(['sandbox', 'run-mounts', 'root-mount']);

/**
 * Teardown of a run. Chains don't wait for each other: when its processes are gone, files and network have
 * nothing to do with one another any more; while they live they are ended first.
 */
export function teardownOfRun(parts: readonly Part[], { processesGone, adopted, batches }: RunEnding): Step[][] {
	const saysAddresses = adopted || batches;
	const going = new Set(parts.flatMap(providedBy));
	const goesAlong = (part: Part) => removedWith(part).some((name) => going.has(name));
	const steps = unmakeAll(
		parts.filter((part) => !goesAlong(part) || (saysAddresses && part.kind === 'inside-address')),
	);
	if (!processesGone || batches) return [steps];
	const ofFiles = ({ part }: Step) => OF_FILES.has(part.kind);
	return [steps.filter(ofFiles), steps.filter((step) => !ofFiles(step))];
}
