/**
 * The scripts that a process in a jail is run by:
 *
 * - the session (`attachScript`), on the connection of the daemon, starts relays between its streams and FIFOs. When the
 *   daemon is gone they read on and throw away, so that the process never waits for a reader that is not there.
 * - `run.sh` waits for the process, notes and tells how it ended. For an additional process with a session the shell of
 *   the session becomes it, otherwise it is detached by daemon(8). For a first process it becomes
 * - `watch.sh`: waits until no process is left in the jail, and tells that.
 *
 * The FIFOs are opened for reading and writing by those who write: there is a reader always, so nobody gets SIGPIPE.
 * A fork is what costs on a host, so files are read and written by the shell itself. What is written to one is a line at
 * once: a file that is not empty is complete.
 */
import { lines, Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';
import { forgetEnd } from './ends.ts';
import { LOG_LIMIT, logFile, type OutputName } from './log/log-writer.ts';
import { removeRuns } from './run-directory.ts';
import { directoryOf, keepSettings, type Launch, startFile } from './start-file.ts';
import { holdInput, releaseInput } from './streams/held-input.ts';
import { forward, relay } from './streams/relays.ts';

/** Beginning of a mark in the output of a process, followed by `CODE LAST` and MARK_END. */
export function markOf(token: string): string {
	return `\x1e${token} `;
}

/** No newline: a terminal would change it. */
export const MARK_END = ';';

/** For an exchange: starts a process that nobody is attached to. */
export function detachedScript(launch: Launch): Script {
	const directory = directoryOf(launch);
	const { tty, stdin } = launch.process;
	const logs = logged(launch);
	const to = (stream: OutputName) =>
		logs.includes(stream) ? sh`<>${directory}/${new Script(stream)}` : sh`>/dev/null`;
	return lines(
		prepare(launch),
		sh`exec 3${to('out')} 4${to('err')}`,
		tty || stdin ? sh`exec 5<>${directory}/in` : sh`exec 5</dev/null`,
		...(logs.length > 0 ? [keepLog(launch, 'drain')] : []),
		...(isHeld(launch) ? [holdInput(directory)] : []),
		detach(launch),
	);
}

/**
 * For a session: starts a process and relays. Both streams carry a mark `begin` before the first byte of the process,
 * and one with its exit code after the last that it wrote. Error output without a mark is that of this script.
 *
 * @param over directories of runs that are to be removed on the way
 */
export function attachScript(launch: Launch, over: readonly string[] = []): Script {
	const directory = directoryOf(launch);
	const { tty, stdin } = launch.process;
	const first = launch.execution === undefined;
	return lines(
		sh`set -e`,
		...(over.length > 0 ? [removeRuns(over)] : []),
		prepare(launch),
		sh`exec 3<>${directory}/out 4<>${directory}/err`,
		stdin || tty ? sh`exec 5<>${directory}/in` : sh`exec 5</dev/null`,
		...(first ? [keepLog(launch), detach(launch)] : []),
		sh`printf ${'%sbegin;'} ${markOf(launch.token)}; printf ${'%sbegin;'} ${markOf(launch.token)} >&2`,
		...(stdin ? [forward(directory)] : []),
		// With it tee(1) goes on reading when nobody reads what it passes on.
		sh`trap '' PIPE`,
		...OUTPUTS.map((stream) => relay(directory, stream, logged(launch).includes(stream))),
		sh`trap - PIPE; set +e`,
		sh`exec </dev/null >/dev/null 2>&1`,
		first ? sh`exec 3>&- 4>&- 5>&-; wait $out $err` : sh`exec /bin/sh ${directory}/run.sh`,
	);
}

const OUTPUTS: readonly OutputName[] = ['out', 'err'];

/** Output that is kept: that of first processes. A terminal has one stream. */
function logged({ execution, process }: Launch): readonly OutputName[] {
	if (execution !== undefined) return [];
	return process.tty ? ['out'] : OUTPUTS;
}

/** Input for who attaches later. That of who is attached ends with the daemon, that of a terminal never. */
function isHeld({ attach, process }: Launch): boolean {
	return !attach && process.stdin && !process.tty;
}

/** Its session is; that of a first process may come later, and its log leaves it out. */
function isTold({ attach, execution }: Launch): boolean {
	return attach || execution === undefined;
}

function keepLog(launch: Launch, drain?: 'drain'): Script {
	return sh`daemon -f /bin/sh ${[`${directoryOf(launch)}/log.sh`, drain ?? '']} 3>&- 4>&- 5>&-`;
}

function prepare(launch: Launch): Script {
	const directory = directoryOf(launch);
	const { state, container, token, process, attach } = launch;
	const first = launch.execution === undefined;
	const notRunning = refusal({
		code: 'CONTAINER_NOT_RUNNING',
		what: `cannot run a process in container ${container}`,
		why: 'the container is not running',
		hint: 'start it first, e.g. "klee start"',
	});
	const file = (name: string, text: Script) => sh`printf ${'%s\n'} ${text.text} >${directory}/${name}`;
	const logs = logged(launch);
	const fifos = [
		...(attach ? OUTPUTS : logs),
		...(process.tty || process.stdin ? ['in'] : []),
		...(isHeld(launch) ? ['hold'] : []),
		...logs.map((stream) => `log-${stream}`),
	];
	return lines(
		sh`jls -j ${container} jid >/dev/null 2>&1 || ${notRunning}`,
		// Its jail may be left, without a process, until it is taken apart.
		...(first ? [] : [sh`[ ! -e ${state.run(container)}/ended ] || ${notRunning}`]),
		sh`umask 077; [ ! -e ${directory} ] || ${removeRuns([directory])}; mkdir -p ${directory}`,
		...(fifos.length > 0 ? [sh`mkfifo ${fifos.map((name) => `${directory}/${name}`)}`] : []),
		sh`echo ${token} >${directory}/token`,
		...(first ? [keepSettings(launch), forgetEnd(launch.state, container)] : []),
		file('start.sh', startFile(launch)),
		file('run.sh', process.tty ? terminalRunFile(launch) : runFile(launch)),
		...(process.tty ? [file('inner.sh', innerFile(launch))] : []),
		...(first ? [file('watch.sh', watchFile(launch)), file('log.sh', logFile(logOptions(launch)))] : []),
	);
}

function logOptions(launch: Launch): Parameters<typeof logFile>[0] {
	const { log, token } = launch;
	return { directory: directoryOf(launch), log, token, streams: logged(launch), limit: launch.logLimit ?? LOG_LIMIT };
}

/** Starts `run.sh`, whose descriptors 3, 4 and 5 are the output, error output and input of the process. */
function detach(launch: Launch): Script {
	return sh`daemon -f /bin/sh ${directoryOf(launch)}/run.sh`;
}

/**
 * Part of a script, as the directory may be gone when it comes to that. Notes exit code `$c` once, and finds out whether
 * the jail is empty: `$mark` is what is to be told. While the first process lives it is not, and nobody has to look.
 */
function report(launch: Launch): Script {
	const { state, container, token } = launch;
	const directory = directoryOf(launch);
	const first = `${state.run(container)}/code`;
	return lines(
		sh`known=; { read -r known <${directory}/token; } 2>/dev/null`,
		// Without its directory, or with that of a later run there, the container was taken apart meanwhile.
		sh`if [ "$known" != ${token} ]; then end="$c 1"; echo process ${token} $end >>${state.events}`,
		sh`elif [ -s ${directory}/end ]; then read -r end <${directory}/end`,
		sh`else`,
		sh`	[ ! -s ${directory}/code ] || read -r c <${directory}/code`,
		sh`	echo "$c" >${directory}/code`,
		sh`	last=0`,
		sh`	if [ -s ${first} ]; then`,
		// What was killed along with it takes a moment to be gone.
		sh`		for n in 1 2 3; do`,
		sh`			pgrep -j ${container} >/dev/null 2>&1 || { last=1; break; }`,
		sh`			[ "$n" = 3 ] || sleep 0.03`,
		sh`		done`,
		sh`	fi`,
		sh`	end="$c $last"; echo "$end" >${directory}/end`,
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
		launch.process.stdin ? sh`exec 6<${directory}/in 5>&-` : sh`exec 6<&5 5>&-`,
		// A shell of its own, or some shells would say "Killed" into the error output of the process.
		sh`(exec ${inTime(launch)}/bin/sh ${directory}/start.sh <&6 >&3 2>&4 6<&- 3>&- 4>&-); c=$?`,
		sh`exec 6<&-`,
		afterwards(launch),
	);
}

/** timeout(1) is the reaper of what it starts, and kills all of that. */
function inTime({ timeout }: Launch): Script {
	return timeout === undefined ? sh`` : sh`timeout --preserve-status -s KILL ${`${timeout / 1000}`} `;
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
		isTold(launch) ? sh`printf ${'%s'} "$mark"` : sh`:`,
	);
}

function afterwards(launch: Launch): Script {
	const directory = directoryOf(launch);
	return lines(
		report(launch),
		...(isTold(launch) ? [sh`printf ${'%s'} "$mark" >&3; printf ${'%s'} "$mark" >&4`] : []),
		sh`exec 3>&- 4>&-`,
		...(isHeld(launch) ? [releaseInput(directory)] : []),
		launch.execution === undefined ? sh`exec /bin/sh ${directory}/watch.sh "\${end#* }"` : sh`exit 0`,
	);
}

/**
 * Until no process is left in the jail, or no jail; with the argument 1 somebody has seen that already. pgrep(1): 1 none,
 * 2 no such jail, 3 could not look.
 */
function watchFile({ state, container, token }: Launch): Script {
	const directory = state.run(container);
	return lines(
		sh`echo $$ >${directory}/runner`,
		sh`while [ "$1" != 1 ]; do`,
		sh`	pids=$(pgrep -j ${container} 2>/dev/null)`,
		sh`	case $? in 0) pwait $pids >/dev/null 2>&1; sleep 0.05;; 3) sleep 1;; *) break;; esac`,
		sh`done`,
		sh`known=; { read -r known <${directory}/token; } 2>/dev/null`,
		sh`[ "$known" = ${token} ] || exit 0`,
		sh`date +%s >${directory}/ended`,
		sh`echo ${`sandbox ${container} ${token}`} >>${state.events}`,
	);
}
