import { KleeneError } from '#errors/kleene-error.ts';
import { formatAddress, isLoopback, parseAddress } from '#inet/address.ts';
import { FAMILIES, type Family } from '#inet/family.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { hostEnd } from '#model/cable.ts';
import type { Container } from '#model/container.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { type PublishedPort, parsePortRange } from '#model/port.ts';
import { chooseDefaultRoutes, type LiveEndpoint, type NetworkEndpoint } from './endpoint.ts';

/** State of the host that decides where ports are published. */
export interface Frontage {
	/** Addresses without prefix, by name of the interface. Needed where a port names an interface or an address. */
	readonly addresses: ReadonlyMap<string, readonly string[]>;
}

type Leading<M> = Readonly<Record<Family, M | undefined>>;

/**
 * Targets of the published ports of a container: for each family to the endpoint that gives its default route, by which
 * it answers, else to the first one that has an address of it; never to one on an internal network. Without such an
 * endpoint there is nothing to lead to.
 */
function leadingOf<M extends NetworkEndpoint>({ networkDriver }: Container, endpoints: readonly M[]): Leading<M> {
	const inOrder = endpoints.toSorted((one, other) => one.endpoint.position - other.endpoint.position);
	const routes = chooseDefaultRoutes(endpoints, networkDriver === 'vnet' ? 'vnet' : 'ipnet');
	const leading = (family: Family) => {
		const usable = inOrder.filter((one) => addressOf(one, family) !== '' && !one.network.internal);
		return usable.find(({ endpoint }) => routes.get(endpoint.id)?.has(family)) ?? usable[0];
	};
	return { 4: leading(4), 6: leading(6) };
}

/** Addresses of a container that a published port leads to, `''` where there is none of the family. */
export type Target = Readonly<Record<Family, string>>;

/** Targets of ports when the container starts. */
export function targetOf(container: Container, endpoints: readonly NetworkEndpoint[]): Target {
	const leading = leadingOf(container, endpoints);
	const target = (family: Family) => (leading[family] ? addressOf(leading[family], family) : '');
	return { 4: target(4), 6: target(6) };
}

/** Target of a port of a running container. @param parts its published ports */
export function targetNow(port: PublishedPort, parts: readonly PublishedPortsPart[]): Target {
	const { first } = parsePortRange(port);
	const own = parts.filter((part) => part.protocol === port.protocol && part.first === first);
	const target = (family: Family) => own.find((part) => parseAddress(part.target)?.family === family)?.target ?? '';
	return { 4: target(4), 6: target(6) };
}

export function partsOfPorts(
	container: Container,
	liveEndpoints: readonly LiveEndpoint[],
	frontage: Frontage,
): PublishedPortsPart[] {
	const leading = leadingOf(container, liveEndpoints);
	return container.publicPorts.flatMap((port) => {
		const range = parsePortRange(port);
		return FAMILIES.flatMap((family) => {
			const liveEndpoint = leading[family];
			if (!liveEndpoint) return [];
			const target = addressOf(liveEndpoint, family);
			const sources = container.publishFrom.filter((block) => parseSubnet(block)?.family === family);
			const from = container.publishFrom.length > 0 ? { from: sources } : {};
			const leads = container.networkDriver === 'vnet' ? liveEndpoint.network.interface : hostEnd(liveEndpoint.unit);
			return placesOf(port, frontage)
				.filter(({ hostAddress }) => hostAddress === '' || parseAddress(hostAddress)?.family === family)
				.map((place): PublishedPortsPart => {
					const { protocol } = port;
					const where = { ...place, interface: leads, target, ...from };
					return { kind: 'published-ports', container: container.id, protocol, ...where, ...range };
				});
		});
	});
}

/** `''` where there is none. */
function addressOf({ endpoint }: NetworkEndpoint, family: Family): string {
	const address = endpoint.addresses[family];
	return address ? formatAddress(address) : '';
}

/** @throws KleeneError NO_SUCH_INTERFACE when a port names an interface or an address that the host does not have */
export function requirePlaces(ports: readonly PublishedPort[], frontage: Frontage): void {
	for (const port of ports) placesOf(port, frontage);
}

type Place = Pick<PublishedPortsPart, 'hostAddress' | 'arrivesOn'>;

function placesOf(port: PublishedPort, { addresses }: Frontage): Place[] {
	if (port.interfaces.length === 0) return [{ hostAddress: '', arrivesOn: EVERY_UPLINK }];
	return port.interfaces.flatMap((name) => {
		if (parseAddress(name)) return [{ hostAddress: name, arrivesOn: holderOf(name, port, addresses) }];
		const own = addresses.get(name);
		if (own) return own.map((hostAddress) => ({ hostAddress, arrivesOn: isLoopback(hostAddress) ? '' : name }));
		throw refuse(port, `the host has no interface ${name}`, addresses);
	});
}

/** `''` for loopback addresses: what is published there comes in from nowhere. */
function holderOf(address: string, port: PublishedPort, addresses: Frontage['addresses']): string {
	if (isLoopback(address)) return '';
	for (const [name, own] of addresses) if (own.includes(address)) return name;
	throw refuse(port, `no interface of the host has the address ${address}`, addresses);
}

function refuse({ hostPort }: PublishedPort, why: string, addresses: Frontage['addresses']): KleeneError {
	const choice = [...addresses].map(([name, own]) => [name, ...own].join(' '));
	return new KleeneError({
		code: 'NO_SUCH_INTERFACE',
		what: `cannot publish port ${hostPort}`,
		why,
		hint: `choose an interface or an address of: ${choice.join(', ')}; or leave it out`,
	});
}
