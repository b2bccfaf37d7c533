import { KleeneError } from '#errors/kleene-error.ts';
import { hostMac } from '#model/cable.ts';
import { type Endpoint, macOfEndpoint } from '#model/endpoint.ts';
import { macOf } from '#model/ids.ts';
import type { Network } from '#model/network.ts';
import type { Store } from '#store/store.ts';

/**
 * Refuses an endpoint whose MAC address another thing on its network has: packets would reach either of them.
 *
 * @param endpoint not yet in the store
 * @throws KleeneError ADDRESS_TAKEN
 */
export function requireFreeMac(store: Store, network: Network, endpoint: Endpoint): void {
	const mac = macOfEndpoint(endpoint);
	const holder = holderOf(store, network, { mac, chosen: endpoint.mac !== '' });
	if (holder === undefined) return;
	throw new KleeneError({
		code: 'ADDRESS_TAKEN',
		what: `cannot connect a container to network ${network.name}`,
		why: `the MAC address ${mac} belongs to ${holder}`,
		hint: 'choose another --mac, or leave it out to get one that is free',
	});
}

/** @param wanted `chosen`: by the user; one that comes with an IP address differs from all that do */
function holderOf(
	store: Store,
	network: Network,
	{ mac, chosen }: { readonly mac: string; readonly chosen: boolean },
): string | undefined {
	if (network.type !== 'custom' && mac === macOf(network.id)) return `the bridge ${network.interface} itself`;
	const others = chosen ? store.endpoints.ofNetwork(network.id) : store.endpoints.withChosenMac(network.id);
	for (const other of others) {
		const name = store.containers.get(other.containerId)?.name ?? other.containerId;
		const theirs = macOfEndpoint(other);
		if (theirs === mac) return `container ${name}`;
		if (hostMac(theirs) === mac) return `the host's end of the cable of container ${name}`;
	}
	return undefined;
}
