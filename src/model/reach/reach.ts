/**
 * Reachability between containers, the host and the outside. `trace` explains it hop by hop, tests compare the rules for
 * nftables and pf with it, and the table in docs/networks.md is generated from it.
 *
 * Firewalls and routers outside Kleene are ignored: they may still stop an accepted packet.
 */
import type { Address } from '#inet/address.ts';
import type { Family, PerFamily } from '#inet/family.ts';
import type { Subnet } from '#inet/subnet.ts';
import type { NetworkDriver } from '../container.ts';
import { covers, hostAddressOf, type Network } from '../network.ts';
import {
	type HostService,
	isSame,
	type Judgement,
	judgeBridged,
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
	/** The host has no address on the bridge of the target, and so no route there. */
	| 'no-way-in'
	/** The target would answer by another network, and one of the two is internal; or it has no route. */
	| 'no-way-back'
	/** The host's ::1 leads to no container on a bridge, so a service of the host receives the packet. */
	| 'loopback-unpublished';

/** Connection of a container to a network as far as it decides about routes. */
export interface ReachEndpoint {
	readonly network: Network;
	readonly addresses: PerFamily<Address>;
	/** Families whose default route it provides. */
	readonly defaultRoutes: readonly Family[];
	/** True: the container has no stack of its own but that of the host. */
	readonly shared?: boolean;
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
	| ContainerTarget
	| { readonly kind: 'neighbour'; readonly network: Network }
	| { readonly kind: 'outside' }
	| { readonly kind: 'host'; readonly service: HostService }
	| PortTarget
);

/** Container at its address on one of its networks. */
interface Member {
	readonly container: ReachContainer;
	readonly network: Network;
}

export interface ContainerTarget extends Member {
	readonly kind: 'container';
}

/** Port of the host that leads to a container. */
export interface PortTarget extends Member {
	readonly kind: 'port';
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
	const judgement = judgeArrival(origin, to);
	return { ...judgement, seenAs: judgement.verdict === 'accept' && isTranslated(origin.zone, to) ? 'host' : 'itself' };
}

type Ending = Omit<Reach, 'seenAs'>;

/** Source of a packet. */
interface Origin {
	readonly zone: Zone;
	/** Source address; undefined: one of the host's. */
	readonly address?: Address | undefined;
	/** Whether it leaves through a port of a bridge. */
	readonly bridged?: boolean;
}

const HOST: Origin = { zone: { kind: 'host' } };

/** Origin of the packet, or its end before it gets anywhere. */
function originOf(from: Sender, to: Address): Origin | Ending {
	switch (from.kind) {
		case 'host':
			return HOST;
		case 'outside':
			return { zone: { kind: 'outside' }, address: from.address };
		case 'neighbour':
			return { zone: { kind: 'neighbours', network: from.network }, address: from.address };
		case 'container': {
			const { container } = from;
			if (container.driver === 'host') return HOST;
			if (hasAddress(container, to)) return { verdict: 'accept', rule: 'own-address' };
			if (!container.endpoints.some(({ addresses }) => addresses[to.family]))
				return { verdict: 'lost', rule: 'no-network' };
			const way = wayOut(container.endpoints, to);
			if (!way) return { verdict: 'lost', rule: 'no-route' };
			const zone = { kind: 'members', network: way.network } as const;
			return { zone, address: way.addresses[to.family], bridged: container.driver === 'vnet' };
		}
	}
}

function judgeArrival(origin: Origin, to: Target): Ending {
	switch (to.kind) {
		case 'host':
			return judgeInput(origin.zone, to.service);
		case 'container':
			return judgeMember(origin, to, false);
		case 'neighbour':
			return judgePassage(origin.zone, { kind: 'neighbours', network: to.network }, false);
		case 'outside':
			return judgePassage(origin.zone, { kind: 'outside' }, false);
		case 'port':
			return judgePort(origin, to);
	}
}

function judgePort(origin: Origin, to: Target & PortTarget): Ending {
	if (isUntranslated(to.address, to.container)) return { verdict: 'accept', rule: 'loopback-unpublished' };
	if (to.sources && origin.zone.kind !== 'host') {
		const source = judgeSource(origin.address, to.sources);
		if (source.verdict !== 'accept') return source;
	}
	return judgeMember(origin, to, true);
}

function judgeMember(origin: Origin, to: Member & { readonly address: Address }, published: boolean): Ending {
	const { zone, bridged } = origin;
	const onBridge = to.container.driver === 'vnet';
	const isDirect = zone.kind === 'members' && isSame(zone.network, to.network) && bridged && onBridge && !published;
	if (isDirect) return judgeBridged(to.network);
	const judgement = judgePassage(zone, { kind: 'members', network: to.network }, published);
	const { family } = to.address;
	if (onBridge && !hostAddressOn(to.network, family)) {
		// The host takes the address for one of the outside.
		const outward = judgePassage(zone, { kind: 'outside' }, false);
		return outward.verdict === 'accept' ? { verdict: 'lost', rule: 'no-way-in' } : outward;
	}
	if (judgement.verdict !== 'accept') return judgement;
	const seen =
		zone.kind === 'host' || (published && zone.kind === 'members') ? hostAddressOn(to.network, family) : origin.address;
	return canAnswer(to, family, seen) ? judgement : { verdict: 'lost', rule: 'no-way-back' };
}

function hostAddressOn({ families }: Network, family: Family): Address | undefined {
	const settings = families[family];
	return settings && hostAddressOf(settings);
}

/** Whether an answer returns. @param asking address that the question came from; undefined: one that only a default route leads to */
function canAnswer({ container, network }: Member, family: Family, asking: Address | undefined): boolean {
	const { endpoints } = container;
	const way = asking ? wayOut(endpoints, asking) : endpoints.find((one) => one.defaultRoutes.includes(family));
	if (endpoints.some(({ shared }) => shared)) return true;
	return way !== undefined && (isSame(way.network, network) || (!way.network.internal && !network.internal));
}

/** Whether a published port is not redirected: answers to ::1 are lost where a bridge passes packets through the firewall. */
export function isUntranslated({ family, value }: Address, { driver }: Pick<ReachContainer, 'driver'>): boolean {
	return family === 6 && value === 1n && driver === 'vnet';
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
