import { isLinkLocal } from '#inet/address.ts';
import type { ObservedInterface, ObservedRoute } from '#model/host/observed.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';

export interface ObservedNetwork {
	readonly interfaces: ObservedInterface[];
	readonly routes: ObservedRoute[];
	/** Interface of the default route with the lowest metric, of IPv4 before IPv6; `''` where there is none. */
	readonly gatewayInterface: string;
}

/** The interfaces and routes of the host: four listings, whatever their number. */
export function surveyNetwork(net: Rtnetlink): ObservedNetwork {
	const links = net.links.list();
	const byIndex = new Map(links.map((link) => [link.index, link]));
	const addresses = Map.groupBy(net.addresses.list(), ({ link }) => link);
	const interfaces = links.map((link) => {
		const master = byIndex.get(link.master);
		const own = addresses.get(link.index)?.map(({ address }) => address) ?? [];
		return {
			name: link.name,
			type: link.kind,
			up: link.up,
			mac: link.mac,
			mtu: link.mtu,
			bridge: master?.kind === 'bridge' ? master.name : '',
			// They come and go by themselves and say nothing about who uses which network.
			addresses: own.filter((address) => !isLinkLocal(address)),
		};
	});
	const all = [...net.routes.list({ family: 4 }), ...net.routes.list({ family: 6 })];
	const nameOf = (index: number | undefined) => (index === undefined ? '' : (byIndex.get(index)?.name ?? ''));
	// The kernel lists routes to one destination by rising metric.
	const gatewayInterface = nameOf(all.find(({ destination }) => destination.endsWith('/0'))?.link);
	const routes = all
		.filter(({ destination }) => !destination.endsWith('/0') && !isLinkLocal(destination))
		.map(({ destination, link }) => ({ destination, interface: nameOf(link) }));
	return { interfaces, routes, gatewayInterface };
}
