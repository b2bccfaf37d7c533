import { ERROR_CODES, type ErrorCode } from '#errors/codes.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import { Script, sh } from '#kernel/shell/quote.ts';

/** Text, or a shell word that is expanded on the host, e.g. sh`"$found"`. */
type Phrase = string | Script;

export interface Refusal {
	readonly code: ErrorCode;
	readonly what: Phrase;
	readonly why: Phrase;
	readonly mend: Phrase;
}

const SIGN = 'KLEENE-REFUSAL';

/**
 * A command by which a script of a step refuses, as a KleeneError of the daemon; the script ends with it.
 *
 *     sh`if [ -e ${path} ]; then ${refusal({ code: 'IN_USE', what: ..., why: ..., mend: ... })}; fi`
 */
export function refusal({ code, what, why, mend }: Refusal): Script {
	// One line of error output, its fields apart by tabs.
	const words = [what, why, mend].map((phrase) => (phrase instanceof Script ? phrase : sh`${phrase}`));
	return sh`{ printf ${`${SIGN} %s\t%s\t%s\t%s`} ${code} ${words[0]!} ${words[1]!} ${words[2]!} | tr ${'\n'} ${' '} >&2; echo >&2; exit 1; }`;
}

/** The refusal in the error output of a script; undefined: it failed otherwise. */
export function readRefusal(stderr: string): KleeneError | undefined {
	for (const line of stderr.split('\n')) {
		if (!line.startsWith(`${SIGN} `)) continue;
		const [code = '', what, why, mend] = line.slice(SIGN.length + 1).split('\t');
		if (!Object.hasOwn(ERROR_CODES, code) || what === undefined || why === undefined || mend === undefined) continue;
		return new KleeneError({ code: code as ErrorCode, what: what.trim(), why: why.trim(), mend: mend.trim() });
	}
	return undefined;
}
