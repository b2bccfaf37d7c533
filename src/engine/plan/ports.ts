import { KleeneError } from '#errors/kleene-error.ts';
import { FAMILIES, parseAddress } from '#model/address.ts';
import type { Container } from '#model/container.ts';
import type { PublishedPortsPart } from '#model/part.ts';
import { type PublishedPort, parsePortRange } from '#model/port.ts';
import type { Attachment } from './endpoint.ts';

/** Addresses without prefix, by name of the interface of the host. */
export type HostAddresses = ReadonlyMap<string, readonly string[]>;

/**
 * Where the published ports of a container lead: for each family to its first endpoint that has an address of it and
 * lies on a network that is not internal. Without such an endpoint there is nothing to lead to.
 */
export function partsOfPorts(
	container: Container,
	attachments: readonly Attachment[],
	addresses: HostAddresses,
): PublishedPortsPart[] {
	return container.publicPorts.flatMap((port) => {
		const range = parsePortRange(port);
		return FAMILIES.flatMap((family) => {
			const attachment = attachments.find((one) => addressOf(one, family) !== '' && !one.network.internal);
			if (!attachment) return [];
			const target = addressOf(attachment, family);
			const leads = container.networkDriver === 'vnet' ? attachment.network.interface : `epair${attachment.unit}a`;
			return hostAddressesOf(port, addresses)
				.filter(({ hostAddress }) => hostAddress === '' || parseAddress(hostAddress)?.family === family)
				.map((place): PublishedPortsPart => {
					const { protocol } = port;
					const where = { ...place, interface: leads, target };
					return { kind: 'published-ports', container: container.id, protocol, ...where, ...range };
				});
		});
	});
}

function addressOf({ endpoint }: Attachment, family: 4 | 6): string {
	return family === 4 ? endpoint.ipAddress : endpoint.ipAddress6;
}

type Place = Pick<PublishedPortsPart, 'hostAddress' | 'arrivesOn'>;

function hostAddressesOf(port: PublishedPort, addresses: HostAddresses): Place[] {
	if (port.interfaces.length === 0) return [{ hostAddress: '', arrivesOn: '' }];
	return port.interfaces.flatMap((name) => {
		if (parseAddress(name)) return [{ hostAddress: name, arrivesOn: holderOf(name, addresses) }];
		const own = addresses.get(name);
		if (own) return own.map((hostAddress) => ({ hostAddress, arrivesOn: name }));
		throw new KleeneError({
			code: 'NO_SUCH_INTERFACE',
			what: `cannot publish port ${port.hostPort}`,
			why: `the host has no interface ${name}`,
			mend: `choose one of: ${[...addresses.keys()].join(', ')}, or leave the interface out`,
		});
	});
}

function holderOf(address: string, addresses: HostAddresses): string {
	for (const [name, own] of addresses) if (own.includes(address)) return name;
	return '';
}
