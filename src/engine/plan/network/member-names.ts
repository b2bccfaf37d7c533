import type { Container } from '#model/container.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import type { NameEntry, NetworkNames } from '#model/host/host-names.ts';
import type { Mount } from '#model/mount.ts';
import type { Network } from '#model/network.ts';
import type { SandboxSpec } from '#model/sandbox.ts';

/** A member of a network, running or not. */
export interface NamedMember {
	readonly container: Pick<Container, 'id' | 'name'>;
	readonly endpoint: Endpoint;
	/** Whether it has its addresses now. */
	readonly running: boolean;
}

/** Same as the resolver on Linux (host/linux/dns/domain-names.ts). */
const SUFFIX = 'kleene';

/**
 * Lists the running members of a network with their names, ids and aliases. An alias that is the name of a member, running
 * or not, is left out.
 */
export function namesOfNetwork(
	{ id, name }: Pick<Network, 'id' | 'name'>,
	members: readonly NamedMember[],
): NetworkNames {
	const taken = new Set(members.flatMap(({ container }) => [container.name.toLowerCase(), container.id]));
	const entries = members
		.filter(({ running }) => running)
		.flatMap(({ container, endpoint }) => {
			const aliases = endpoint.aliases.filter((alias) => !taken.has(alias));
			const names = [container.name, container.id, ...aliases].flatMap((one) => [`${one}.${SUFFIX}`, one]);
			return addressesOf(endpoint).map((address) => ({ address, names: [...new Set(names)] }));
		});
	return { network: id, name, entries };
}

/**
 * Names of a container that none of its networks has: those of its options, and its host name.
 *
 * @param addresses of the container; none: its host name leads to the loopback addresses
 */
export function ownNames(
	{ hostname, confinement }: Pick<SandboxSpec, 'hostname' | 'confinement'>,
	networks: readonly NetworkNames[],
	addresses: readonly string[],
): NameEntry[] {
	const added = (confinement?.hosts ?? []).map(({ name, address }) => ({ address, names: [name] }));
	const known = [...networks.flatMap(({ entries }) => entries), ...added].some(({ names }) => names.includes(hostname));
	const own = addresses.length > 0 ? addresses : ['127.0.0.1', '::1'];
	return [...added, ...(known ? [] : own.map((address) => ({ address, names: [hostname] })))];
}

/** Tells whether a mount covers /etc/hosts: that file is the user's. */
export function bringsOwnHosts(mounts: readonly Mount[]): boolean {
	return mounts.some(({ destination }) => /^\/*(etc\/*(hosts\/*)?)?$/.test(destination));
}
