import { setTimeout } from 'node:timers/promises';
import { type Family, familyOf } from '#inet/family.ts';
import type { NeighbourAnswer, Obstacle, Path, PathOut, PathQuestion } from '#model/host/path.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import type { Neighbour } from '#os/linux/netlink/route/neighbours.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import type { Stacks } from '../sandbox/stacks.ts';
import type { Forwarding } from './forwarding.ts';
import { conf4, type HostSettings } from './sysctl.ts';

/** Times that a neighbour is looked at, and milliseconds in between: the kernel asks each second. */
const LOOKS = 60;
const PAUSE = 25;
/** Value of rp_filter that wants the way back to be the way in. */
const STRICT = 1;

interface Equipment {
	readonly net: Rtnetlink;
	readonly settings: HostSettings;
	readonly forwarding: Pick<Forwarding, 'isOn'>;
	readonly stacks: Stacks;
}

/** Asks the kernel for routes and neighbours, of the host and of containers. */
export class KernelRoutes {
	readonly #net: Rtnetlink;
	readonly #settings: HostSettings;
	readonly #forwarding: Equipment['forwarding'];
	readonly #stacks: Stacks;

	constructor({ net, settings, forwarding, stacks }: Equipment) {
		this.#net = net;
		this.#settings = settings;
		this.#forwarding = forwarding;
		this.#stacks = stacks;
	}

	path({ container, address, from }: PathQuestion): Path {
		if (container !== undefined)
			return this.#stacks.enter(container, (net) => pathOut(net, address) ?? { obstacle: 'no-route' });
		if (!from) return pathOut(this.#net, address) ?? { obstacle: 'no-route' };
		const link = this.#net.links.find(from.interface);
		if (!link) return { obstacle: 'no-route' };
		const passed = pathOut(this.#net, address, { source: from.source, link: link.index });
		// The routes of IPv6 do not tell.
		if (passed && (familyOf(address) === 4 || this.#forwarding.isOn(link.name, 6))) return passed;
		return { obstacle: this.#obstacle(address, { ...from, link }) };
	}

	mtu(name: string, container?: string): number | undefined {
		if (container === undefined) return this.#net.links.find(name)?.mtu;
		return this.#stacks.enter(container, (net) => net.links.find(name)?.mtu);
	}

	async neighbour(name: string, address: string): Promise<NeighbourAnswer | undefined> {
		const link = this.#net.links.find(name);
		if (!link) return undefined;
		const asked: Neighbour = { link: link.index, address };
		if (this.#net.neighbours.find(asked)?.state === 'stale') {
			this.#net.neighbours.askAgain(asked);
			const answer = await this.#answer(asked);
			if (answer) return answer;
		}
		// Another one may have its address now.
		this.#net.neighbours.ask(asked);
		return this.#answer(asked);
	}

	async #answer(asked: Neighbour): Promise<NeighbourAnswer | undefined> {
		for (let look = 0; look < LOOKS; look += 1) {
			const entry = this.#net.neighbours.find(asked);
			if (!entry || entry.state === 'silent') return undefined;
			if (entry.state === 'without') return { mac: '' };
			if (entry.state !== 'asked') return { mac: entry.mac };
			await setTimeout(PAUSE);
		}
		return undefined;
	}

	/** Whether bridged packets of a family pass the rules for routed ones (br_netfilter). */
	filtersBridges(family: Family): boolean {
		return this.#settings.read(`net/bridge/bridge-nf-call-ip${family === 6 ? '6' : ''}tables`) === 1;
	}

	/** Why what comes in on a link is not passed on. */
	#obstacle(address: string, { source, link }: { readonly source: string; readonly link: Link }): Obstacle {
		if (!pathOut(this.#net, address)) return 'no-route';
		const family = familyOf(address);
		if (!this.#forwarding.isOn(link.name, family)) return 'forwarding-off';
		const filters = ['all', link.name].map((name) => this.#settings.read(conf4(name, 'rp_filter')) ?? 0);
		const back = pathOut(this.#net, source);
		if (family === 4 && Math.max(...filters) === STRICT && back?.interface !== link.name) return 'reverse-path-filter';
		return 'policy-rule';
	}
}

type Passing = { readonly source: string; readonly link: number };

function pathOut(net: Rtnetlink, address: string, from?: Passing): PathOut | undefined {
	const way = net.routes.towards(address, from);
	const link = way && net.links.find(way.link);
	if (!way || !link) return undefined;
	return { interface: link.name, next: way.gateway || address, mtu: way.mtu || link.mtu };
}
