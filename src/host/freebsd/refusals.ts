import type { ErrorCode } from '#errors/codes.ts';
import { type Script, sh } from '#kernel/shell/quote.ts';

/** One that a script can make: a `Script` is one word for the shell, for what is only known there. */
export interface ScriptRefusal {
	readonly code: ErrorCode;
	readonly what: string | Script;
	readonly why: string | Script;
	readonly mend: string | Script;
}

const MARK = 'KLEENE-REFUSAL';

/**
 * Text that ends a script with a refusal: one line of error output, `KLEENE-REFUSAL <code>\t<what>\t<why>\t<mend>`, and
 * the exit code 1. Ends the (sub)shell that it is in: never to be used within `$(...)`.
 */
export function refusal({ code, what, why, mend }: ScriptRefusal): Script {
	return sh`printf ${`${MARK} %s\\t%s\\t%s\\t%s\\n`} ${code} ${what} ${why} ${mend} >&2; exit 1`;
}
