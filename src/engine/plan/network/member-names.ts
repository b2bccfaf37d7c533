import type { Container } from '#model/container.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import type { NameEntry, NetworkNames } from '#model/host/host-names.ts';
import type { Mount } from '#model/mount.ts';
import type { Network } from '#model/network.ts';

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

/** Maps a host name that is on none of the networks to the loopback addresses. */
export function ownNames(hostname: string, networks: readonly NetworkNames[]): NameEntry[] {
	const known = networks.some(({ entries }) => entries.some(({ names }) => names.includes(hostname)));
	return known ? [] : ['127.0.0.1', '::1'].map((address) => ({ address, names: [hostname] }));
}

/** Tells whether a mount covers /etc/hosts: that file is the user's. */
export function bringsOwnHosts(mounts: readonly Mount[]): boolean {
	return mounts.some(({ destination }) => /^\/*(etc\/*(hosts\/*)?)?$/.test(destination));
}
