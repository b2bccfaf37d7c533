/**
 * Reachability between containers, the host and the outside. `trace` explains it hop by hop, tests compare the rules for
 * nftables and pf with it, and the table in docs/networks.md is generated from it.
 *
 * Firewalls and routers outside Kleene are ignored: they may still stop an accepted packet.
 */
import type { Address } from '#inet/address.ts';
import type { Family, PerFamily } from '#inet/family.ts';
import type { Subnet } from '#inet/subnet.ts';
import type { NetworkDriver } from './container.ts';
import { covers, type Network } from './network.ts';
import {
	type HostService,
	isSame,
	type Judgement,
	judgeInput,
	judgePassage,
	judgeSource,
	type PassageRule,
	type Zone,
} from './passage.ts';

/** Reason for the fate of a packet. */
export type ReachRule =
	| PassageRule
	/** The sender has the address itself. */
	| 'own-address'
	/** The sender has no address of the family, or no route. */
	| 'no-network'
	| 'no-route'
	/** The host's ::1 leads to no container on a bridge, so a service of the host receives the packet. */
	| 'loopback-unpublished';

/** Connection of a container to a network as far as it decides about routes. */
export interface ReachEndpoint {
	readonly network: Network;
	readonly addresses: PerFamily<Address>;
	/** Families whose default route it provides. */
	readonly defaultRoutes: readonly Family[];
}

export interface ReachContainer {
	readonly driver: NetworkDriver;
	readonly endpoints: readonly ReachEndpoint[];
}

/** Endpoint that packets to an address leave by: on the network whose subnet contains it, else that of the default route. */
export function wayOut<E extends ReachEndpoint>(endpoints: readonly E[], to: Address): E | undefined {
	const usable = endpoints.filter(({ addresses }) => addresses[to.family]);
	return (
		usable.find(({ network }) => covers(network, to)) ??
		usable.find(({ defaultRoutes }) => defaultRoutes.includes(to.family))
	);
}

/** Whether the container has an address. */
export function hasAddress({ endpoints }: Pick<ReachContainer, 'endpoints'>, { family, value }: Address): boolean {
	return endpoints.some(({ addresses }) => addresses[family]?.value === value);
}

export type Sender =
	| { readonly kind: 'container'; readonly container: ReachContainer }
	| { readonly kind: 'host' }
	/** Another machine in a subnet of a custom network. */
	| { readonly kind: 'neighbour'; readonly network: Network; readonly address: Address }
	| { readonly kind: 'outside'; readonly address: Address };

/** Destination; `address` is the one in the packet. */
export type Target = { readonly address: Address } & (
	| { readonly kind: 'container'; readonly network: Network }
	| { readonly kind: 'neighbour'; readonly network: Network }
	| { readonly kind: 'outside' }
	| { readonly kind: 'host'; readonly service: HostService }
	| PortTarget
);

/** Port of the host that leads to a container. */
export interface PortTarget {
	readonly kind: 'port';
	readonly container: ReachContainer;
	/** Network of the address that the port leads to. */
	readonly network: Network;
	/** Allowed sources; absent: all. */
	readonly sources?: readonly Subnet[];
}

export interface Reach {
	/** `reject`: the sender is told; `drop`: nobody is; `lost`: no route, so no firewall is asked. */
	readonly verdict: Judgement['verdict'] | 'lost';
	readonly rule: ReachRule;
	/** Owner of the source address that the target sees. */
	readonly seenAs: 'itself' | 'host';
}

/** Fate of a packet: verdict, reason, and the source that the target sees. */
export function reach(from: Sender, to: Target): Reach {
	const origin = originOf(from, to.address);
	if ('verdict' in origin) return { ...origin, seenAs: 'itself' };
	const judgement = judgeArrival(origin, from, to);
	return { ...judgement, seenAs: judgement.verdict === 'accept' && isTranslated(origin, to) ? 'host' : 'itself' };
}

type Ending = Omit<Reach, 'seenAs'>;

/** Zone that the packet enters the host from, or its end before that. */
function originOf(from: Sender, to: Address): Zone | Ending {
	switch (from.kind) {
		case 'host':
			return { kind: 'host' };
		case 'outside':
			return { kind: 'outside' };
		case 'neighbour':
			return { kind: 'neighbours', network: from.network };
		case 'container': {
			const { container } = from;
			if (container.driver === 'host') return { kind: 'host' };
			if (hasAddress(container, to)) return { verdict: 'accept', rule: 'own-address' };
			if (!container.endpoints.some(({ addresses }) => addresses[to.family]))
				return { verdict: 'lost', rule: 'no-network' };
			const way = wayOut(container.endpoints, to);
			return way ? { kind: 'members', network: way.network } : { verdict: 'lost', rule: 'no-route' };
		}
	}
}

function judgeArrival(origin: Zone, from: Sender, to: Target): Ending {
	switch (to.kind) {
		case 'host':
			return judgeInput(origin, to.service);
		case 'container':
			return judgePassage(origin, { kind: 'members', network: to.network }, false);
		case 'neighbour':
			return judgePassage(origin, { kind: 'neighbours', network: to.network }, false);
		case 'outside':
			return judgePassage(origin, { kind: 'outside' }, false);
		case 'port':
			return judgePort(origin, from, to);
	}
}

function judgePort(origin: Zone, from: Sender, to: Target & PortTarget): Ending {
	if (isUntranslated(to.address, to.container)) return { verdict: 'accept', rule: 'loopback-unpublished' };
	if (to.sources && origin.kind !== 'host') {
		const source = judgeSource(addressOf(from, to.address), to.sources);
		if (source.verdict !== 'accept') return source;
	}
	return judgePassage(origin, { kind: 'members', network: to.network }, true);
}

/** Whether a published port is not redirected: answers to ::1 are lost where a bridge passes packets through the firewall. */
export function isUntranslated({ family, value }: Address, { driver }: Pick<ReachContainer, 'driver'>): boolean {
	return family === 6 && value === 1n && driver === 'vnet';
}

/** Source address of the packet. */
function addressOf(from: Sender, to: Address): Address | undefined {
	switch (from.kind) {
		case 'host':
			return undefined;
		case 'outside':
		case 'neighbour':
			return from.address;
		case 'container':
			return wayOut(from.container.endpoints, to)?.addresses[to.family];
	}
}

/** Whether the host replaces the source address by its own. */
function isTranslated(origin: Zone, to: Target): boolean {
	switch (to.kind) {
		case 'port':
			// The answer must return through the host even where the container has a shorter way.
			return origin.kind === 'members';
		case 'outside':
		case 'neighbour': {
			if (origin.kind !== 'members') return false;
			// Neighbours of a custom network know its containers.
			if (to.kind === 'neighbour' && isSame(origin.network, to.network)) return false;
			return origin.network.families[to.address.family]?.nat === true;
		}
		case 'host':
		case 'container':
			return false;
	}
}
