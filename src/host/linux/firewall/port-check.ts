import { KleeneError } from '#errors/kleene-error.ts';
import { UNSPECIFIED, withPort } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { findWaiting } from '#os/linux/port-use.ts';
import type { PortCheck } from './port-publisher.ts';

/** Options of ss(8). */
const LISTINGS = { tcp: 't', udp: 'u', sctp: 'S' } as const;

/** @param hostNamespace descriptor of the network namespace that is the host; undefined: the daemon's own */
export function portCheck(hostNamespace: number | undefined): PortCheck {
	return (part) => {
		const { protocol, hostAddress, first, last, target } = part;
		const address = hostAddress || UNSPECIFIED[familyOf(target)];
		const found = findWaiting({ namespace: hostNamespace, protocol, address, first, last });
		if (found) throw inUse(part, found);
	};
}

function inUse(part: PublishedPortsPart, { address, port }: { address: string; port: number }): KleeneError {
	const { protocol, container } = part;
	const listing = `ss -lnp${LISTINGS[protocol]} "sport = :${port}"`;
	const everywhere = address === UNSPECIFIED[familyOf(address)] || part.hostAddress !== '';
	const elsewhere = everywhere ? '' : `, or an address of the host that is free, e.g. "-p ADDRESS:${port}:..."`;
	return new KleeneError({
		code: 'PORT_TAKEN',
		what: `cannot publish port ${port}/${protocol} for container ${container}`,
		why: `the host uses it: a process listens on ${withPort(address, port)}`,
		hint: `end that process, see "${listing}", or choose another host port${elsewhere}`,
	});
}
