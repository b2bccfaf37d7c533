import { FAMILIES, formatAddress } from '#model/address.ts';
import { macOf } from '#model/ids.ts';
import { gatewayOf, hostHoldsGateway, type Network, subnetOf } from '#model/network.ts';
import type { Part } from '#model/part.ts';

/** What a network is on the host, in the order of making. A custom network is an interface that somebody else made. */
export function partsOfNetwork(network: Network): Part[] {
	if (network.type === 'custom') return [];
	const parts: Part[] = [
		{ kind: 'network-interface', interface: network.interface, type: network.type, mac: macOf(network.id) },
	];
	for (const family of FAMILIES) {
		const gateway = gatewayOf(network, family);
		const subnet = subnetOf(network, family);
		if (!gateway || !subnet || !hostHoldsGateway(network, family)) continue;
		const address = `${formatAddress(gateway)}/${subnet.prefix}`;
		parts.push({ kind: 'interface-address', interface: network.interface, address });
	}
	return parts;
}
