/** Rules for packets between zones: networks, the host, the outside. Addresses and routes are left to `reach.ts`. */
import type { Address } from '#inet/address.ts';
import { contains, type Subnet } from '#inet/subnet.ts';
import type { Network } from '../network.ts';

/** Reason for a verdict. */
export type PassageRule =
	/** Members of one network: icc is on; it is off; off, but a published port leads there; off, and the network is internal. */
	| 'icc-on'
	| 'icc-off'
	| 'icc-off-published'
	| 'icc-off-internal'
	/** Between networks: nothing leaves an internal one; nothing enters one; a published port leads there; none does. */
	| 'leaves-internal'
	| 'enters-internal'
	| 'networks-published'
	| 'networks-apart'
	/** To the outside from a network that is not internal. */
	| 'outward'
	/** From outside: by a published port; without one; to somebody else outside. */
	| 'outside-published'
	| 'outside-apart'
	| 'transit'
	/** By a published port that is for some sources only. */
	| 'source-allowed'
	| 'source-refused'
	/** The host sends. */
	| 'from-host'
	/** To a service of the host: from a network that is not internal; from one: pings, names, anything else; from others. */
	| 'host-open'
	| 'host-pings'
	| 'host-names'
	| 'host-closed'
	| 'host-own';

export interface Judgement {
	/** `reject`: the sender is told; `drop`: nobody is. */
	readonly verdict: 'accept' | 'reject' | 'drop';
	readonly rule: PassageRule;
}

/** Source or destination of a packet as the firewall sees it. */
export type Zone =
	/** Containers of a network. */
	| { readonly kind: 'members'; readonly network: Network }
	/** Other machines in the subnets of a custom network. */
	| { readonly kind: 'neighbours'; readonly network: Network }
	| { readonly kind: 'host' }
	| { readonly kind: 'outside' };

/** Destination of a forwarded packet. */
export type Beyond = Exclude<Zone, { readonly kind: 'host' }>;

/** Kind of service of the host; only internal networks tell them apart. */
export type HostService = 'ping' | 'names' | 'other';

const judge = (verdict: Judgement['verdict'], rule: PassageRule): Judgement => ({ verdict, rule });

/** Verdict on a packet from port to port of one bridge, which passes it on or not without telling anyone. */
export function judgeBridged(network: Network): Judgement {
	const { verdict, rule } = judgeWithin(network, false);
	return judge(verdict === 'accept' ? 'accept' : 'drop', rule);
}

/** Verdict on a forwarded packet. @param published whether a published port of the target redirected it */
export function judgePassage(from: Zone, to: Beyond, published: boolean): Judgement {
	switch (from.kind) {
		case 'host':
			return judge('accept', 'from-host');
		case 'members':
			return judgeMember(from.network, to, published);
		case 'neighbours':
			if (to.kind === 'members' && isSame(from.network, to.network) && from.network.icc)
				return judge('accept', 'icc-on');
			return judgeEntry(to, published);
		case 'outside':
			return judgeEntry(to, published);
	}
}

function judgeMember(from: Network, to: Beyond, published: boolean): Judgement {
	if (to.kind !== 'outside' && isSame(from, to.network)) return judgeWithin(from, published);
	if (from.internal) return judge('reject', 'leaves-internal');
	if (to.kind !== 'members') return judge('accept', 'outward');
	if (to.network.internal) return judge('reject', 'enters-internal');
	return published ? judge('accept', 'networks-published') : judge('reject', 'networks-apart');
}

function judgeWithin({ icc, internal }: Network, published: boolean): Judgement {
	if (icc) return judge('accept', 'icc-on');
	if (internal) return judge('reject', 'icc-off-internal');
	return published ? judge('accept', 'icc-off-published') : judge('reject', 'icc-off');
}

function judgeEntry(to: Beyond, published: boolean): Judgement {
	if (to.kind !== 'members') return judge('drop', 'transit');
	if (to.network.internal) return judge('drop', 'enters-internal');
	return published ? judge('accept', 'outside-published') : judge('drop', 'outside-apart');
}

/** Verdict on a packet to the host itself. */
export function judgeInput(from: Zone, service: HostService): Judgement {
	if (from.kind === 'host') return judge('accept', 'from-host');
	if (from.kind !== 'members') return judge('accept', 'host-own');
	if (!from.network.internal) return judge('accept', 'host-open');
	if (service === 'ping') return judge('accept', 'host-pings');
	return service === 'names' ? judge('accept', 'host-names') : judge('reject', 'host-closed');
}

/** Verdict on access to a published port with restricted sources; the host is always allowed. @param sender undefined: not known */
export function judgeSource(sender: Address | undefined, sources: readonly Subnet[]): Judgement {
	const allowed = sender !== undefined && sources.some((block) => contains(block, sender));
	return allowed ? judge('accept', 'source-allowed') : judge('drop', 'source-refused');
}

export function isSame(one: Network, other: Network): boolean {
	return one.id === other.id;
}
