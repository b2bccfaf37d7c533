import { UNSPECIFIED, withPort } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import type { Hop } from './hops.ts';
import type { TraceQuestion } from './question.ts';

/** Destination of a packet, whether container or host. */
export interface Service {
	/** Id of the container; undefined: the host. */
	readonly container: string | undefined;
	/** For people. */
	readonly name: string;
	readonly address: string;
	readonly protocol: Exclude<TraceQuestion['protocol'], 'icmp'>;
	readonly port: number;
}

/** @param addresses on which processes there wait on the port @returns whether one of them takes what arrives */
export function isHeard({ address }: Service, addresses: readonly string[]): boolean {
	return addresses.some((one) => one === address || one === UNSPECIFIED[familyOf(address)]);
}

/**
 * The last hop, when it is known who listens. Most services that "cannot be reached" do not, or only to themselves.
 *
 * @param publisher name of a container that publishes the port of the host, and is not running
 */
export function serviceHop(service: Service, addresses: readonly string[], publisher?: string): Hop {
	const { container, name, address, protocol, port } = service;
	const what = `${port}/${protocol}`;
	const where = addresses.map((one) => withPort(one, port)).join(', ');
	if (isHeard(service, addresses)) return { kind: 'process', what: `${name} listens on ${where}/${protocol}` };
	const every = UNSPECIFIED[familyOf(address)];
	if (addresses.length > 0)
		return {
			kind: 'process',
			what: `${name} listens on ${where}/${protocol} only, not on ${address}`,
			change: `let the service listen on ${every}, or on ${address}`,
		};
	if (container === undefined && publisher !== undefined) {
		const stopped = `nothing on ${name} listens on ${what}; it is published by ${publisher}, which is not running`;
		return { kind: 'process', what: stopped, change: `klee start ${publisher}` };
	}
	if (container === undefined)
		return { kind: 'process', what: `nothing on ${name} listens on ${what}`, change: 'start the service' };
	const change = `start the service, e.g. klee exec ${name} ...`;
	return { kind: 'process', what: `nothing in ${name} listens on ${what}`, change };
}
