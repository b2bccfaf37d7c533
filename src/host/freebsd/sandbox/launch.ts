/**
 * The scripts that a process in a jail is run by. Three shells, so that each outlives what it must:
 *
 * - the session (`attachScript`), on the connection of the daemon: relays between its streams and FIFOs. When the daemon
 *   is gone it reads on and throws away, so that the process never waits for somebody who does not read.
 * - `run.sh`, detached by daemon(8): waits for the process, notes and tells how it ended, and becomes
 * - `watch.sh` (first processes only): waits until no process is left in the jail, and tells that.
 *
 * The FIFOs are opened for reading and writing by those who write: there is a reader always, so nobody gets SIGPIPE.
 */

import type { ProcessSpec } from '#model/sandbox.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';
import { removeRuns, type StateDirectory } from './run-directory.ts';

export interface Launch {
	readonly state: StateDirectory;
	readonly container: string;
	/** Of an additional process; undefined: the first one. */
	readonly execution: string | undefined;
	/** Tells this run from every other. */
	readonly token: string;
	readonly process: ProcessSpec;
	readonly attach: boolean;
	readonly size: { readonly rows: number; readonly columns: number } | undefined;
	/** Commands for /bin/sh inside, before the process, and who runs them. */
	readonly before: readonly string[];
	readonly beforeUser: string;
	/** Keep the environment of the host (`exec.clean=false`). */
	readonly inheritsEnv: boolean;
	/** Users are those of the host (`exec.system_jail_user`). */
	readonly hostUsers: boolean;
}

/** What a mark in the output of a process begins with; after it comes `CODE LAST` and MARK_END. */
export function markOf(token: string): string {
	return `\x1e${token} `;
}

/** No newline: a terminal would change it. */
export const MARK_END = ';';

const LARGEST_WINDOW = 1000;

export function directoryOf({ state, container, execution }: Launch): string {
	return execution === undefined ? state.run(container) : state.execution(execution);
}

/** For an exchange: starts a process that nobody is attached to. */
export function detachedScript(launch: Launch): Script {
	const input = launch.process.tty ? sh`exec 5<>${directoryOf(launch)}/in` : sh`exec 5</dev/null`;
	return lines(prepare(launch), sh`exec 3>/dev/null 4>/dev/null`, input, start(launch));
}

/**
 * For a session: starts a process and relays. Both streams carry a mark `begin` before the first byte of the process,
 * and one with its exit code after the last that it wrote. Error output without a mark is that of this script.
 */
export function attachScript(launch: Launch): Script {
	const directory = directoryOf(launch);
	const { tty, stdin } = launch.process;
	const forward = stdin
		? // The copy of the input that is held open here would keep it from ever ending.
			sh`exec 9<&0; cat <&9 >${directory}/in 2>/dev/null 7<&- 8<&- & exec 9<&-`
		: sh`:`;
	return lines(
		sh`set -e`,
		prepare(launch),
		sh`exec 3<>${directory}/out 4<>${directory}/err`,
		stdin || tty ? sh`exec 5<>${directory}/in` : sh`exec 5</dev/null`,
		start(launch),
		sh`exec 7<${directory}/out 8<${directory}/err`,
		sh`exec 3>&- 4>&-`,
		sh`printf ${'%sbegin;'} ${markOf(launch.token)}; printf ${'%sbegin;'} ${markOf(launch.token)} >&2`,
		sh`set +e`,
		forward,
		sh`exec 5>&-`,
		relay(directory, 'err'),
		relay(directory, 'out'),
		sh`exec 7<&- 8<&- </dev/null >/dev/null 2>&1; wait`,
	);
}

/**
 * Ends with the last who writes. When it is told to (`releaseScript`), or nobody reads what it passes on, it reads on and
 * holds nothing of the session any more.
 */
function relay(directory: string, stream: 'out' | 'err'): Script {
	const [from, to] = stream === 'out' ? [sh`<&7`, sh`>&1`] : [sh`<&8`, sh`>&2`];
	const note = `${directory}/relay-${stream}`;
	return lines(
		sh`(cat ${from} ${to} & echo $! >${note}; wait; rm -f ${note}; exec cat ${from} >/dev/null 2>&1) </dev/null &`,
	);
}

/** For an exchange: sessions to these runs are read by nobody any more. */
export function releaseScript(directories: readonly string[]): Script {
	return lines(
		sh`for d in ${directories}; do for note in "$d"/relay-*; do`,
		sh`	pid=$(cat "$note" 2>/dev/null) || continue`,
		sh`	case $(ps -ww -o command= -p "$pid" 2>/dev/null) in cat*) kill "$pid" 2>/dev/null || :;; esac`,
		sh`done; done`,
	);
}

function prepare(launch: Launch): Script {
	const directory = directoryOf(launch);
	const { container, token, process } = launch;
	const notRunning = refusal({
		code: 'CONTAINER_NOT_RUNNING',
		what: `cannot run a process in container ${container}`,
		why: 'the container is not running',
		hint: 'start it first, e.g. `klee start`',
	});
	const file = (name: string, text: Script) => sh`printf ${'%s\n'} ${text.text} >${directory}/${name}`;
	return lines(
		sh`jls -j ${container} jid >/dev/null 2>&1 || ${notRunning}`,
		sh`umask 077; ${removeRuns([directory])}; mkdir -p ${directory}`,
		sh`mkfifo ${directory}/in ${directory}/out ${directory}/err`,
		sh`echo ${token} >${directory}/token`,
		launch.execution === undefined ? sh`echo ${jexecFlags(launch)} >${directory}/jexec` : sh`:`,
		file('start.sh', startFile(launch)),
		file('run.sh', process.tty ? terminalRunFile(launch) : runFile(launch)),
		...(process.tty ? [file('inner.sh', innerFile(launch))] : []),
		...(launch.execution === undefined ? [file('watch.sh', watchFile(launch))] : []),
	);
}

/** Descriptors 3, 4 and 5 are its output, error output and input. */
function start(launch: Launch): Script {
	return sh`daemon -f /bin/sh ${directoryOf(launch)}/run.sh`;
}

function jexecFlags({ inheritsEnv, hostUsers }: Launch): string {
	return `${inheritsEnv ? '' : '-l '}${hostUsers ? '-u' : '-U'}`;
}

/** Becomes the process, whose id is then that of this shell. */
function startFile(launch: Launch): Script {
	const { state, container, process, size, before, beforeUser } = launch;
	const directory = directoryOf(launch);
	const environment = process.tty && !process.env.some((one) => one.startsWith('TERM=')) ? ['TERM=xterm'] : [];
	const [rows, columns] = [size?.rows ?? 0, size?.columns ?? 0].map(clampSize);
	return lines(
		sh`umask 022`,
		process.tty ? sh`tty >${directory}/tty` : sh`:`,
		process.tty && size !== undefined ? sh`stty rows ${rows!} columns ${columns!}` : sh`:`,
		sh`flags=$(cat ${state.run(container)}/jexec 2>/dev/null || echo ${'-l -U'})`,
		...before.map((command) => sh`jexec $flags ${beforeUser} ${container} /bin/sh -c ${command} || exit`),
		sh`echo $$ >${directory}/pid.new; mv ${directory}/pid.new ${directory}/pid`,
		sh`exec jexec $flags ${process.user} ${container} /usr/bin/env ${[...environment, ...process.env]} ${process.argv}`,
	);
}

export function clampSize(n: number): number {
	return Math.min(Math.max(0, Math.trunc(n)), LARGEST_WINDOW);
}

/**
 * Part of a script, as the directory may be gone when it comes to that. Notes exit code `$c` once, and finds out whether
 * the jail is empty: `$mark` is what is to be told.
 */
function report(launch: Launch): Script {
	const { state, container, token } = launch;
	const directory = directoryOf(launch);
	const first = `${state.run(container)}/code`;
	return lines(
		// Without its directory, or with that of a later run there, the container was taken apart meanwhile.
		sh`if [ "$(cat ${directory}/token 2>/dev/null)" != ${token} ]; then end="$c 1"; echo process ${token} $end >>${state.events}`,
		sh`elif [ -e ${directory}/end ]; then end=$(cat ${directory}/end)`,
		sh`else`,
		sh`	[ ! -e ${directory}/code ] || c=$(cat ${directory}/code)`,
		sh`	echo "$c" >${directory}/code.new; mv ${directory}/code.new ${directory}/code`,
		// What was killed along with it takes a moment to be gone.
		sh`	last=1; for n in 1 2 3; do`,
		sh`		pgrep -j ${container} >/dev/null 2>&1 || break`,
		sh`		if [ "$n" = 3 ]; then last=0; else sleep 0.03; fi`,
		sh`	done`,
		sh`	[ -e ${first} ] || last=0`,
		sh`	end="$c $last"; echo "$end" >${directory}/end.new; mv ${directory}/end.new ${directory}/end`,
		sh`	echo process ${token} $end >>${state.events}`,
		sh`fi`,
		sh`mark=${markOf(token)}$end${MARK_END}`,
	);
}

function runFile(launch: Launch): Script {
	const directory = directoryOf(launch);
	return lines(
		sh`echo $$ >${directory}/runner`,
		// Opened for reading alone, or the input would never end for the process.
		launch.attach && launch.process.stdin ? sh`exec 6<${directory}/in 5>&-` : sh`exec 6<&5 5>&-`,
		// A shell of its own, or some shells would say "Killed" into the error output of the process.
		sh`(exec /bin/sh ${directory}/start.sh <&6 >&3 2>&4 6<&- 3>&- 4>&-); c=$?`,
		sh`exec 6<&-`,
		afterwards(launch),
	);
}

/** script(1) gives the process a terminal, and is told to end by its closing alone: its own input never ends. */
function terminalRunFile(launch: Launch): Script {
	const directory = directoryOf(launch);
	return lines(
		sh`echo $$ >${directory}/runner`,
		sh`script -q /dev/null /bin/sh ${directory}/inner.sh <&5 >&3 2>&4 3>&- 4>&- 5>&-; c=137`,
		sh`exec 5>&-`,
		afterwards(launch),
	);
}

/**
 * Below the terminal. The exit code is told from here, for script(1) goes on while anything has the terminal open, and
 * gives a signal's number for its exit code.
 */
function innerFile(launch: Launch): Script {
	const directory = directoryOf(launch);
	return lines(
		// What is typed at the process goes to this shell as well. `trap :` and not '', which the process would inherit.
		sh`trap : INT QUIT HUP TERM`,
		sh`exec 9>&2 2>/dev/null; (exec /bin/sh ${directory}/start.sh 2>&9 9>&-); c=$?`,
		report(launch),
		sh`printf ${'%s'} "$mark"`,
	);
}

function afterwards(launch: Launch): Script {
	const directory = directoryOf(launch);
	return lines(
		report(launch),
		sh`printf ${'%s'} "$mark" >&3; printf ${'%s'} "$mark" >&4`,
		sh`exec 3>&- 4>&-`,
		launch.execution === undefined ? sh`exec /bin/sh ${directory}/watch.sh` : sh`exit 0`,
	);
}

/** Until no process is left in the jail, or no jail. pgrep(1): 1 none, 2 no such jail, 3 could not look. */
function watchFile({ state, container, token }: Launch): Script {
	const directory = state.run(container);
	return lines(
		sh`echo $$ >${directory}/runner`,
		sh`while :; do`,
		sh`	pids=$(pgrep -j ${container} 2>/dev/null)`,
		sh`	case $? in 0) pwait $pids >/dev/null 2>&1; sleep 0.05;; 3) sleep 1;; *) break;; esac`,
		sh`done`,
		sh`[ "$(cat ${directory}/token 2>/dev/null)" = ${token} ] || exit 0`,
		sh`: >${directory}/ended`,
		sh`echo ${`sandbox ${container} ${token}`} >>${state.events}`,
	);
}
