import { sh } from '#kernel/shell/quote.ts';
import type { PartKind } from '#model/part.ts';
import type { PartHandler } from './handler.ts';
import { refusal } from './refusals.ts';

/**
 * Kinds of part that no plan for this host holds, as its facts say: it answers no questions for names and limits no
 * rates. A part that was stored on another host is refused, and unmaking what was never made succeeds.
 */
class Absent<K extends PartKind> implements PartHandler<K> {
	readonly #what: string;
	readonly #mend: string;

	constructor(what: string, mend: string) {
		this.#what = what;
		this.#mend = mend;
	}

	make() {
		return refusal({
			code: 'UNSUPPORTED_HERE',
			what: `cannot ${this.#what}`,
			why: 'Kleene does not do that on FreeBSD',
			mend: this.#mend,
		});
	}

	unmake() {
		return sh`:`;
	}

	describe() {
		return [];
	}
}

export const RESOLVERS: PartHandler<'resolver'> = new Absent<'resolver'>(
	'answer questions for the names of containers',
	'name containers by their addresses, or in /etc/hosts of the image',
);

export const NAME_SERVERS: PartHandler<'name-servers'> = new Absent<'name-servers'>(
	'give a container other name servers than its image has',
	'write them into /etc/resolv.conf of the image or the container',
);

export const RATE_LIMITS: PartHandler<'rate-limit'> = new Absent<'rate-limit'>(
	'limit what a container sends and receives',
	'leave --bandwidth out; dummynet(4) can be set up by hand',
);
