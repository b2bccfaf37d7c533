import { SHELL_NAME } from './exchange-script.ts';
import { lines, type Script, sh } from './quote.ts';

/** Between two looks, in seconds. */
const LOOK = 0.1;

/** Instead of a token: whatever is noted. */
export const EVERY_ONE = 'every one';

/**
 * Waits for the shells of earlier exchanges, whose end nobody saw, so that nothing is done at the same time as what
 * they still do. Those that take too long are killed with all that they started.
 *
 * @param token of the one that is meant, or EVERY_ONE
 * @param patience milliseconds for each
 */
export function settleScript(batch: string, token: string, patience: number): Script {
	return lines(
		// Stopped first, so that it starts nothing new while its children are killed.
		sh`end_all() { kill -STOP "$1" 2>/dev/null; for p in $(pgrep -P "$1"); do end_all "$p"; done; kill -KILL "$1" 2>/dev/null; }`,
		// A process id may have gone to somebody else: the arguments tell.
		sh`at_work() { case $(ps -ww -o command= -p "$1" 2>/dev/null) in *${`${SHELL_NAME}-`}"$2"*) return 0;; esac; return 1; }`,
		sh`for note in ${batch}/*; do`,
		sh`	case $note in *.at) continue ;; esac`,
		sh`	{ read -r pid token <"$note"; } 2>/dev/null || continue`,
		...(token === EVERY_ONE ? [] : [sh`	[ "$token" = ${token} ] || continue`]),
		sh`	left=${Math.ceil(patience / 1000 / LOOK)}`,
		sh`	while at_work "$pid" "$token"; do`,
		sh`		if [ "$left" -le 0 ]; then end_all "$pid" || :; break; fi`,
		sh`		left=$((left - 1)); sleep ${LOOK}`,
		sh`	done`,
		sh`	: >"$note"`,
		sh`done`,
	);
}
