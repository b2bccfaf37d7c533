/** What reads the output of a process on the host: for a session, or for nobody but the log. */
import { lines, Script, sh } from '#os/shell/quote.ts';
import { logFifo, type OutputName } from '../log/log-writer.ts';

/** Passes on the input of a session. It is opened here, where the process that reads cannot find it without a writer. */
export function forward(directory: string): Script {
	return lines(
		sh`exec 8>${directory}/in 9<&0`,
		sh`cat <&9 >&8 2>/dev/null 3>&- 4>&- 5>&- 8>&- 9<&- &`,
		sh`exec 8>&- 9<&-`,
	);
}

/**
 * Passes output on to a session, and to its log. Ends with the last who writes. Its process id is noted, and is in the
 * variable of this name.
 */
export function relay(directory: string, stream: OutputName, logged: boolean): Script {
	// With a second file: that of coreutils would end with its standard output alone.
	const also = logged ? logFifo(directory, stream) : '/dev/null';
	const to = stream === 'out' ? sh`` : sh`>&2 `;
	const variable = new Script(stream);
	return lines(
		sh`tee ${also} <${directory}/${stream} ${to}2>/dev/null 3>&- 4>&- 5>&- &`,
		sh`${variable}=$!; echo "$${variable}" >${directory}/relay-${stream}`,
	);
}

/** `LOG NOTE PID`: the log is never without a writer, or it would be taken for ended. */
const TAKE_OVER = `trap '' PIPE; exec 6<&- 8<>"$0"; kill "$2" 2>/dev/null; echo $$ >"$1"; exec tee "$0" <&7 >/dev/null`;

/**
 * For an exchange: sessions to these runs are read by nobody any more. Somebody else reads on, for the log or for nobody,
 * who holds nothing of the session; until then, the FIFO is held open for both, or opening it would wait for a writer.
 */
export function releaseScript(directories: readonly string[]): Script {
	return lines(
		sh`for d in ${directories}; do for stream in out err; do`,
		sh`	{ read -r pid <"$d/relay-$stream"; } 2>/dev/null || continue`,
		sh`	case $(ps -ww -o command= -p "$pid" 2>/dev/null) in tee*) ;; *) continue ;; esac`,
		sh`	[ -p "$d/$stream" ] || continue`,
		sh`	exec 6<>"$d/$stream"; exec 7<"$d/$stream"`,
		sh`	log=/dev/null; [ ! -p "$d/log-$stream" ] || log=$d/log-$stream`,
		sh`	daemon -f /bin/sh -c ${TAKE_OVER} "$log" "$d/relay-$stream" "$pid"`,
		sh`	exec 6<&- 7<&-`,
		sh`done; done`,
	);
}
