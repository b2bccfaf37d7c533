import type { HostPaths } from '#host/driver/paths.ts';
import type { RulesOnTheWay, RulesQuestion } from '#model/host/path.ts';
import { within } from '#os/linux/netns.ts';
import { Nftables } from '#os/linux/nftables.ts';
import type { KernelRoutes } from '../network/kernel-routes.ts';
import { chainsAt, effectOf, hasOwnRules } from './foreign-chains.ts';

/** Tells which way the kernel would send a packet, and what else of the host it meets. */
export class LinuxPaths implements HostPaths {
	readonly path: HostPaths['path'];
	readonly mtu: HostPaths['mtu'];
	readonly neighbour: HostPaths['neighbour'];
	readonly #routes: KernelRoutes;
	readonly #hostNamespace: number | undefined;

	/** @param hostNamespace descriptor; undefined: the namespace of the daemon */
	constructor(routes: KernelRoutes, hostNamespace: number | undefined) {
		this.#routes = routes;
		this.path = (question) => routes.path(question);
		this.mtu = (...asked) => routes.mtu(...asked);
		this.neighbour = (...asked) => routes.neighbour(...asked);
		this.#hostNamespace = hostNamespace;
	}

	rules(question: RulesQuestion): RulesOnTheWay {
		const filtered = this.#routes.filtersBridges(question.family);
		const open = () => new Nftables();
		const nft = this.#hostNamespace === undefined ? open() : within(this.#hostNamespace, open);
		try {
			const chains = nft.query('list chains');
			const foreign = chainsAt(chains, question, filtered).flatMap(({ name, place, policy }) => {
				const effect = effectOf(nft.query(`list chain ${place}`), policy);
				return effect === 'accept' ? [] : [{ name, effect }];
			});
			return { own: hasOwnRules(chains), foreign };
		} finally {
			nft.close();
		}
	}
}
