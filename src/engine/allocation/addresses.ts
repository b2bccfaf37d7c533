import { KleeneError } from '#errors/kleene-error.ts';
import { type Address, formatAddress, parseAddress } from '#inet/address.ts';
import type { Family } from '#inet/family.ts';
import { assignable, assignableWithin, contains, formatSubnet, lowestAssignable, type Subnet } from '#inet/subnet.ts';
import { AUTO, DHCP, type Network } from '#model/network.ts';
import type { Store } from '#store/store.ts';

export interface AddressRequest {
	readonly network: Network;
	readonly family: Family;
	/** `''`, `<auto>` or an address. */
	readonly wanted: string;
	readonly endpoint: string;
	/** Addresses that other machines on the network have: they are not handed out. */
	readonly occupied?: ReadonlySet<string> | undefined;
}

/**
 * Take an address of a network for an endpoint: `''` none, `<auto>` the lowest free one, else the one named.
 * Runs within the caller's transaction; the unique index over addresses is the judge.
 * @returns undefined where the family is not used
 */
export function allocate(store: Store, request: AddressRequest): Address | undefined {
	const { network, family, wanted, endpoint, occupied } = request;
	if (wanted === '' || isLeased(request)) return undefined;
	const subnet = network.families[family]?.subnet;
	const block = network.families[family]?.range ?? subnet;
	if (wanted === AUTO) return subnet && block && lowestFree(store, { network, subnet, block, endpoint, occupied });
	const address = parseWanted(network, family, wanted, subnet);
	if (!store.endpoints.hold(network.id, address, endpoint)) throw taken(store, network, address);
	return address;
}

/** Whether a DHCP server gives the address, which is known later. */
export function isLeased({ family, wanted }: Pick<AddressRequest, 'family' | 'wanted'>): boolean {
	return family === 4 && wanted === DHCP;
}

/** Starts at the hint, below which nothing is free: the cost does not grow with the number of endpoints. */
function lowestFree(
	store: Store,
	{
		network,
		subnet,
		block,
		endpoint,
		occupied,
	}: Pick<AddressRequest, 'network' | 'endpoint' | 'occupied'> & { subnet: Subnet; block: Subnet },
): Address {
	const { family } = subnet;
	const { first, last } = assignableWithin(subnet, block);
	const hint = store.networks.hint(network.id, family) ?? lowestAssignable(subnet);
	let { value } = hint;
	if (value < first) value = first;
	for (; value <= last; value += 1n) {
		const address = { family, value };
		if (occupied?.has(formatAddress(address))) continue;
		if (!store.endpoints.hold(network.id, address, endpoint)) continue;
		store.networks.setHint(network.id, { family, value: value + 1n });
		return address;
	}
	store.networks.setHint(network.id, { family, value: last });
	throw new KleeneError({
		code: 'ADDRESSES_EXHAUSTED',
		what: `cannot connect to network ${network.name}`,
		why: `no more ${family === 4 ? 'inet' : 'inet6'} IP's left in the network: ${formatSubnet(block)} is full`,
		hint: 'disconnect or remove containers that are not needed ("klee network inspect"), or use a larger network',
		message: `no more ${family === 4 ? 'inet' : 'inet6'} IP's left in the network`,
	});
}

function parseWanted(network: Network, family: Family, wanted: string, subnet: Subnet | undefined): Address {
	const what = `cannot use address ${wanted.slice(0, 50)} on network ${network.name}`;
	const inet = family === 4 ? 'inet' : 'inet6';
	const address = parseAddress(wanted);
	if (!address || address.family !== family) {
		const message = `could not parse ${inet} address ${wanted}: einval`;
		const hint = `give one IPv${family} address, such as ${family === 4 ? '10.4.6.2' : 'fd00::2'}`;
		throw new KleeneError({ code: 'INVALID_ADDRESS', what, why: message, hint, message });
	}
	if (!subnet) {
		const message = `cannot set ip address because there is no IPv${family} subnet defined for this network`;
		throw new KleeneError({ code: 'INVALID_ADDRESS', what, why: message, hint: 'leave the address out', message });
	}
	requireAssignable(what, address, { subnet, gateway: network.families[family]?.gateway?.address.value });
	return address;
}

function requireAssignable(
	what: string,
	address: Address,
	{ subnet, gateway }: { readonly subnet: Subnet; readonly gateway: bigint | undefined },
): void {
	const { first, last } = assignable(subnet);
	const text = (value: bigint) => formatAddress({ family: subnet.family, value });
	const [from, to] = [first === gateway ? first + 1n : first, last === gateway ? last - 1n : last];
	const isBetween = gateway !== undefined && from < gateway && gateway < to;
	const hint = `choose one from ${text(from)} to ${text(to)}${isBetween ? ` except ${text(gateway)}, the gateway` : ''}`;
	const refuse = (why: string) => new KleeneError({ code: 'INVALID_ADDRESS', what, why, hint });
	if (!contains(subnet, address)) throw refuse(`it is outside the subnet ${formatSubnet(subnet)}`);
	if (address.value < first) throw refuse(`it is the network address of ${formatSubnet(subnet)}`);
	if (address.value > last) throw refuse(`it is the broadcast address of ${formatSubnet(subnet)}`);
}

function taken(store: Store, network: Network, address: Address): KleeneError {
	const gateway = network.families[address.family]?.gateway?.address.value === address.value;
	const holder = store.endpoints.holder(network.id, address);
	const endpoint = holder ? store.endpoints.get(holder) : undefined;
	const container = endpoint && store.containers.get(endpoint.containerId);
	return new KleeneError({
		code: 'ADDRESS_TAKEN',
		what: `cannot use address ${formatAddress(address)} on network ${network.name}`,
		why: gateway
			? 'it is the gateway of the network'
			: `it belongs to ${container ? `container ${container.name}` : 'the host'}`,
		hint: 'choose another address, or leave it out to get a free one',
	});
}
