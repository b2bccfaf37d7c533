import { within } from '#kernel/netns.ts';
import { Nftables } from '#kernel/nftables.ts';
import { renderBase } from './firewall-rules.ts';
import type { PartHandler } from './handler.ts';

/**
 * The chains that all networks share are made sure of with every network, not with the first alone: what somebody else
 * did to them is put right by making any network again. Elements and networks stay.
 */
export function withSharedChains(
	networks: PartHandler<'network-filter'>,
	hostNamespace: number | undefined,
): PartHandler<'network-filter'> {
	const restore = () => {
		const nft = hostNamespace === undefined ? new Nftables() : within(hostNamespace, () => new Nftables());
		try {
			nft.run(renderBase());
		} finally {
			nft.close();
		}
	};
	return {
		...networks,
		make: async (part, options) => {
			await networks.make(part, options);
			restore();
		},
	};
}
