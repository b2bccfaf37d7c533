import { KleeneError } from '#errors/kleene-error.ts';
import type { PartKind } from '#model/part.ts';
import type { PartHandler } from './handler.ts';

/** Kinds that no plan for FreeBSD has, as the traits of this host say. */
export type UnplannedKind =
	| 'rate-limit'
	| 'lease-client'
	| 'resolver'
	| 'name-servers'
	| 'filter-member'
	| 'asymmetric-source'
	| 'source-limit';

/**
 * A handler for what this host cannot do: a plan that asks for it did not look at the facts.
 *
 * @param fact of `HostFacts`, that says so
 */
function unplanned<K extends PartKind>(kind: K, fact: string, hint: string): PartHandler<K> {
	const refuse = (): never => {
		throw new KleeneError({ code: 'UNSUPPORTED_HERE', what: `cannot make a ${kind}`, why: `on FreeBSD ${fact}`, hint });
	};
	return { make: refuse, unmake: refuse, describe: refuse };
}

export const unplannedHandlers = {
	'rate-limit': unplanned('rate-limit', 'limitsRates is false', 'leave --bandwidth out'),
	'lease-client': unplanned('lease-client', 'leasesAddresses is false', 'leave out --ip dhcp'),
	resolver: unplanned('resolver', 'names are in the files of containers', 'report this problem'),
	'name-servers': unplanned('name-servers', 'names are in the files of containers', 'report this problem'),
	'filter-member': unplanned('filter-member', 'ipnetHasEpair is false', 'report this problem'),
	'source-limit': unplanned('source-limit', 'it has no limits', 'report this problem'),
	'asymmetric-source': unplanned('asymmetric-source', 'checksSources is false', 'report this problem'),
} as const;
