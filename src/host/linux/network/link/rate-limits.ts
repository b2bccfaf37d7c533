import { hostEnd } from '#model/cable.ts';
import type { RateLimitPart } from '#model/parts/epair.ts';
import { hasCode } from '#os/errno.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import type { PartHandler } from '../../handler.ts';
import { noInterface } from '../../refusals.ts';
import type { Stacks } from '../../sandbox/stacks.ts';

/** A token bucket at each end of a cable: what leaves the host end is what the container receives. */
export class RateLimits implements PartHandler<'rate-limit'> {
	readonly #net: Rtnetlink;
	readonly #stacks: Stacks;

	constructor(net: Rtnetlink, stacks: Stacks) {
		this.#net = net;
		this.#stacks = stacks;
	}

	make(part: RateLimitPart): void {
		const { container, unit, inside, rate } = part;
		const outer = this.#net.links.find(hostEnd(unit));
		if (!outer) throw noInterface(part, hostEnd(unit));
		this.#net.qdiscs.limit(outer.index, { rate, mtu: outer.mtu }, outer.name);
		this.#stacks.enter(container, (inner) => {
			const link = inner.links.get(inside);
			inner.qdiscs.limit(link.index, { rate, mtu: link.mtu }, link.name);
		});
	}

	/** The container may have replaced its own end; that is its affair. */
	unmake({ container, unit, inside }: RateLimitPart): void {
		const outer = this.#net.links.find(hostEnd(unit));
		if (outer) unlessNone(() => this.#net.qdiscs.remove(outer.index, outer.name));
		this.#stacks.tryEnter(container, (inner) => {
			const link = inner.links.find(inside);
			if (link) unlessNone(() => inner.qdiscs.remove(link.index, link.name));
		});
	}

	describe(verb: 'make' | 'unmake', { container, unit, inside, rate }: RateLimitPart): string[] {
		const [action, limit] = verb === 'make' ? ['replace', ` tbf rate ${rate}bit latency 50ms`] : ['delete', ''];
		return [
			`tc qdisc ${action} dev ${hostEnd(unit)} root${limit}`,
			`tc -n ${container} qdisc ${action} dev ${inside} root${limit}`,
		];
	}
}

function unlessNone(remove: () => void): void {
	try {
		remove();
	} catch (error) {
		if (!hasCode(error, 'EINVAL', 'ENOENT', 'ENODEV')) throw error;
	}
}
