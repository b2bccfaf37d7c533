import { lines, type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';

/** Looks whether all processes are stopped, 0.05 s apart; those that were forked meanwhile are told again. */
const LOOKS = 40;

/**
 * A script that is run while no process of the container goes on, in jails inside of it neither: what is looked up among its
 * files cannot be a link a moment later. In a subshell, at whose end they go on, also where the connection is lost.
 */
export function whilePaused(container: string, script: Script): Script {
	const busy = refusal({
		code: 'HOST_FAILED',
		what: `cannot look at files of container ${container}`,
		why: 'its processes cannot be paused for that',
		hint: 'try again, or stop the container first',
	});
	return lines(
		sh`tell() {`,
		sh`	for jail in $(jls name 2>/dev/null); do`,
		sh`		case $jail in ${container} | ${container}.*) pkill "-$1" -j "$jail" || : ;; esac`,
		sh`	done`,
		sh`}`,
		sh`going() {`,
		sh`	for jail in $(jls name 2>/dev/null); do`,
		sh`		case $jail in ${container} | ${container}.*) ;; *) continue ;; esac`,
		sh`		for state in $(ps -J "$jail" -o state= 2>/dev/null); do`,
		sh`			case $state in [TZ]*) ;; *) return 0 ;; esac`,
		sh`		done`,
		sh`	done`,
		sh`	return 1`,
		sh`}`,
		sh`(`,
		sh`trap 'tell CONT' EXIT; trap 'exit 1' HUP INT TERM PIPE`,
		sh`tell STOP; left=${LOOKS}`,
		sh`while going; do`,
		sh`	[ "$left" -gt 0 ] || ${busy}`,
		sh`	left=$((left - 1)); sleep 0.05; tell STOP`,
		sh`done`,
		script,
		sh`)`,
	);
}
