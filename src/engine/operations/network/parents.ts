import { KleeneError } from '#errors/kleene-error.ts';
import { LINK_LOCAL_BLOCK, parseAddress } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { contains, parseSubnet } from '#inet/subnet.ts';
import type { Observed, ObservedInterface } from '#model/host/observed.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Network } from '#model/network.ts';
import { parentPortInterface } from '#model/parts/network-interface.ts';

interface Surroundings {
	readonly observed: Observed;
	readonly networks: readonly Network[];
	readonly traits: Pick<HostTraits, 'portsKeepAddresses'>;
}

/**
 * The parent of a network is an interface that the host does not use itself: on Linux the addresses of an interface do not
 * work while it is a port of a bridge, and they are never moved (ADR 17). On FreeBSD those of IPv4 do.
 *
 * @throws NO_SUCH_INTERFACE, INTERFACE_TAKEN, INVALID_ARGUMENT
 */
export function requireParent(
	{ name, parent = '', vlan = 0 }: Network,
	{ observed: { interfaces }, networks, traits }: Surroundings,
): void {
	if (parent === '') return;
	const what = `cannot create network ${name}`;
	const found = interfaces.find((one) => one.name === parent);
	if (!found) {
		const hint = `choose one of: ${interfaces.map((one) => one.name).join(', ')}`;
		throw new KleeneError({ code: 'NO_SUCH_INTERFACE', what, why: `the host has no interface ${parent}`, hint });
	}
	const port = parentPortInterface({ parent, ...(vlan === 0 ? {} : { vlan }) });
	const reason =
		vlan === 0 ? whyUnusable(found, traits) : interfaces.some((one) => one.name === port) && `${port} exists already`;
	if (reason) {
		const hint = vlan === 0 ? HINT : `use it as --parent ${port}, or choose another --vlan`;
		throw new KleeneError({ code: 'INTERFACE_TAKEN', what, why: reason, hint });
	}
	const other = networks.find((one) => one.parent === parent && (one.vlan ?? 0) === vlan);
	if (!other) return;
	const why = `network ${other.name} is on ${port}`;
	throw new KleeneError({ code: 'INTERFACE_TAKEN', what, why, hint: `connect containers to network ${other.name}` });
}

const HINT =
	'use another interface, a VLAN of this one (--vlan), or "-t custom -i" with ipnet containers, which shares the interface with the host';

function whyUnusable(
	{ name, type, bridge, addresses, ours }: ObservedInterface,
	{ portsKeepAddresses = false }: Surroundings['traits'],
): string | undefined {
	if (name === 'lo' || name === 'lo0') return `${name} is the loopback interface`;
	if (ours) return `${name} belongs to Kleene`;
	if (type === 'bridge') return `${name} is a bridge, which cannot be a port of another one`;
	if (bridge !== '') return `${name} is a port of ${bridge}`;
	const lost = (text: string) => !isLinkLocal(text) && !(portsKeepAddresses && familyOf(withoutPrefix(text)) === 4);
	const address = addresses.find(lost);
	return address === undefined ? undefined : `the host has the address ${address} on ${name}, which would stop working`;
}

function isLinkLocal(text: string): boolean {
	const address = parseAddress(withoutPrefix(text));
	const block = parseSubnet(LINK_LOCAL_BLOCK);
	return address !== undefined && block !== undefined && contains(block, address);
}
