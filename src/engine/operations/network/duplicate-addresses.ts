import { KleeneError } from '#errors/kleene-error.ts';
import { type Address, formatAddress } from '#inet/address.ts';
import { FAMILIES, type Family } from '#inet/family.ts';
import type { Endpoint } from '#model/endpoint.ts';
import { AUTO, type Network } from '#model/network.ts';
import { parentPortInterface } from '#model/parts/network-interface.ts';
import { allocate } from '../../allocation/addresses.ts';
import type { EngineContext } from '../../context.ts';

type Asking = Pick<EngineContext, 'store' | 'driver'>;

/**
 * Addresses that other machines have, among those that an endpoint would get: on a network with a parent there are
 * machines that the store does not know. Callers hold the lock of the network until the endpoint is in the store.
 *
 * @returns addresses to be passed over
 * @throws ADDRESS_TAKEN for one that the user named
 */
export async function occupiedAddresses(
	context: Asking,
	network: Network,
	{ ipAddress, ipAddress6 }: { readonly ipAddress: string; readonly ipAddress6: string },
): Promise<ReadonlySet<string>> {
	const occupied = new Set<string>();
	if (!mayBeShared(network)) return occupied;
	const wanted = { 4: ipAddress, 6: ipAddress6 };
	await Promise.all(
		FAMILIES.map((family) => passOver(context, { network, family, wanted: wanted[family], endpoint: '', occupied })),
	);
	return occupied;
}

/** One free address after the other, until nobody has it. */
async function passOver(
	{ store, driver }: Asking,
	request: { network: Network; family: Family; wanted: string; endpoint: string; occupied: Set<string> },
): Promise<void> {
	for (;;) {
		const address = store.dryRun(() => allocate(store, request));
		const holder = address && (await driver.holder?.(questionOf(request.network, address)));
		if (!holder) return;
		if (request.wanted !== AUTO)
			throw inUse(request.network, address, { holder, hint: 'choose another address, or <auto>' });
		request.occupied.add(formatAddress(address));
	}
}

/** Whether the addresses of a container are still free, before it starts. @throws ADDRESS_TAKEN */
export async function requireUnoccupied(
	{ store, driver }: Asking,
	endpoints: readonly Endpoint[],
	container: string,
): Promise<void> {
	const check = async (network: Network, address: Address) => {
		const holder = await driver.holder?.(questionOf(network, address));
		const again = `klee network disconnect ${network.name} ${container}`;
		const hint = `take it from that machine, or get another one: "${again}", then "klee network connect"`;
		if (holder) throw inUse(network, address, { holder, hint });
	};
	await Promise.all(
		endpoints.flatMap(({ networkId, addresses }) => {
			const network = store.networks.get(networkId);
			if (!network || !mayBeShared(network)) return [];
			return FAMILIES.flatMap((family) => addresses[family] ?? []).map((address) => check(network, address));
		}),
	);
}

/** All machines on a private bridge are ours. */
function mayBeShared({ parent = '' }: Network): boolean {
	return parent !== '';
}

function questionOf(network: Network, address: Address): { interface: string; address: string } {
	return { interface: network.interface, address: formatAddress(address) };
}

function inUse(
	{ name, parent = '', vlan = 0 }: Network,
	address: Address,
	{ holder, hint }: { readonly holder: string; readonly hint: string },
): KleeneError {
	const port = parentPortInterface({ parent, ...(vlan === 0 ? {} : { vlan }) });
	return new KleeneError({
		code: 'ADDRESS_TAKEN',
		what: `cannot use address ${formatAddress(address)} on network ${name}`,
		why: `a machine on the network of ${port} has it (MAC address ${holder})`,
		hint,
	});
}
