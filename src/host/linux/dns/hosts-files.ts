import { KleeneError } from '#errors/kleene-error.ts';
import type { PartKind } from '#model/part.ts';
import type { PartHandler } from '../handler.ts';

/** Refuses: no plan for Linux has these parts, as containers ask a resolver (`HostTraits.names`). */
function unplanned<K extends PartKind>(kind: K): PartHandler<K> {
	const refuse = (): never => {
		throw new KleeneError({
			code: 'INTERNAL',
			what: `cannot make a ${kind}`,
			why: 'containers on Linux use a resolver',
			hint: 'report this problem',
		});
	};
	return { make: refuse, unmake: refuse, describe: refuse };
}

export const hostsFiles = {
	'hosts-file': unplanned('hosts-file'),
	'network-names': unplanned('network-names'),
} as const;
