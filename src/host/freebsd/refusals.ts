import type { ErrorCode } from '#errors/codes.ts';
import { type Script, sh } from '#kernel/shell/quote.ts';

/** Text, or what the shell makes of a word, e.g. sh`"$words"`. */
export type RefusalWords = string | Script;

export interface RefusalParts {
	readonly code: ErrorCode;
	readonly what: RefusalWords;
	readonly why: RefusalWords;
	readonly mend: RefusalWords;
}

/** Ends a step of a batch with a reason that is read back as a `KleeneError`: one line on stderr. */
export function refusal({ code, what, why, mend }: RefusalParts): Script {
	return sh`{ printf 'KLEENE-REFUSAL %s\\t%s\\t%s\\t%s\\n' ${code} ${what} ${why} ${mend} >&2; exit 1; }`;
}
