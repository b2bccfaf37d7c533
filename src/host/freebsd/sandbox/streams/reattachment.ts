/** Connecting to the first process of a container that runs, with nobody attached or after a restart of the daemon. */
import { KleeneError } from '#errors/kleene-error.ts';
import { lines, Script, sh } from '#os/shell/quote.ts';
import type { Section } from '../../section.ts';
import { markOf } from '../launch.ts';
import { logFifo, type OutputName } from '../log/log-writer.ts';

/** What there is of a first process. */
export interface Attachable {
	/** Of its run. */
	readonly token: string;
	readonly tty: boolean;
	/** It reads what clients send. */
	readonly stdin: boolean;
}

/** Undefined: it has ended. @param directory of the run */
export function attachableSection(directory: string): Section<Attachable | undefined> {
	return {
		script: lines(
			sh`[ -p ${directory}/out ] && [ ! -s ${directory}/code ] || exit 0`,
			sh`read -r token <${directory}/token; tty=; stdin=`,
			sh`[ ! -e ${directory}/tty ] || tty=tty; [ ! -p ${directory}/in ] || stdin=stdin`,
			sh`echo "$token,$tty,$stdin"`,
		),
		parse: (output) => {
			const [token = '', tty, stdin] = output.trim().split(',');
			return token === '' ? undefined : { token, tty: tty === 'tty', stdin: stdin === 'stdin' };
		},
	};
}

/** For a session: relays as `attachScript` does, in place of those who read until now. Ends with the process. */
export function reattachScript(directory: string, { token, tty, stdin }: Attachable): Script {
	const streams: readonly OutputName[] = tty ? ['out'] : ['out', 'err'];
	return lines(
		sh`set -e`,
		sh`read -r known <${directory}/token; [ "$known" = ${token} ]`,
		sh`printf ${'%sbegin;'} ${markOf(token)}; printf ${'%sbegin;'} ${markOf(token)} >&2`,
		sh`trap '' PIPE`,
		...streams.map((stream) => takeUp(directory, stream)),
		// Opened for both, or it would wait for who reads.
		...(stdin ? [sh`exec 8<>${directory}/in 9<&0; cat <&9 >&8 2>/dev/null 6>&- 7>&- 9<&- & exec 8>&- 9<&-`] : []),
		sh`exec </dev/null >/dev/null 2>&1`,
		sh`wait $out $err`,
	);
}

/**
 * Whoever read until now is gone before input is passed on, or the answer would go there. This shell holds the log open
 * meanwhile: without a writer it would be taken for ended.
 */
function takeUp(directory: string, stream: OutputName): Script {
	const log = logFifo(directory, stream);
	const note = `${directory}/relay-${stream}`;
	const [variable, descriptor, to] =
		stream === 'out' ? [new Script('out'), new Script('6'), sh``] : [new Script('err'), new Script('7'), sh` >&2`];
	return lines(
		sh`before=; { read -r before <${note}; } 2>/dev/null || :`,
		sh`case $(ps -ww -o command= -p "$before" 2>/dev/null) in tee*) ;; *) before= ;; esac`,
		sh`exec ${descriptor}<>${log}; [ -z "$before" ] || kill "$before" 2>/dev/null || :`,
		sh`tee ${log} <${`${directory}/${stream}`}${to} 2>/dev/null &`,
		sh`${variable}=$!; echo "$${variable}" >${note}`,
	);
}

export function firstHasEnded(container: string): KleeneError {
	return new KleeneError({
		code: 'CONTAINER_NOT_RUNNING',
		what: `cannot attach to container ${container}`,
		why: 'its first process has ended, and others keep it running',
		hint: `see what it wrote with "klee logs ${container}", or run another one with "klee exec -it ${container} /bin/sh"`,
	});
}

export function lostAttachment(container: string): KleeneError {
	return new KleeneError({
		code: 'HOST_UNREACHABLE',
		what: `cannot follow the first process of container ${container} any more`,
		why: 'the connection to it was lost; it goes on',
		hint: `attach again: klee attach ${container}`,
	});
}
