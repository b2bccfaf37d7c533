/** How the last run of a container ended: noted on the host when its sandbox is unmade, and told in the output of that step. */
import { dirname } from 'node:path';
import type { EndCause } from '#model/container.ts';
import type { SandboxEnd } from '#model/sandbox.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { StateDirectory } from './run-directory.ts';

const KILLED = 137;
/** Looks for the exit code of a process that has just ended, 0.05 s apart. */
const LOOKS = 20;
const LINE = /^kleene-end (\d+|-) (\d+|-) (exited|killed|host-restarted)$/m;

/**
 * Part of a script, after the last process has ended and before the directory of the run is removed. The file is kept until
 * the next start: a daemon that dies before it has recorded the end gets it by unmaking the sandbox again. `$jid`: empty
 * where there was no jail. `$killed`: empty unless processes had to be killed.
 */
export function tellEnd(state: StateDirectory, container: string): Script {
	const [run, file] = [state.run(container), state.end(container)];
	return lines(
		sh`end=; { read -r end <${file}; } 2>/dev/null || :`,
		sh`if [ -z "$end" ]; then`,
		sh`	if [ -s ${run}/token ]; then`,
		sh`		left=${LOOKS}`,
		sh`		while [ ! -s ${run}/code ] && [ "$left" -gt 0 ]; do left=$((left - 1)); sleep 0.05; done`,
		sh`		at=; { read -r at <${run}/ended; } 2>/dev/null || :`,
		sh`		cause=\${killed:+killed}; code=${KILLED}`,
		sh`		{ read -r code <${run}/code; } 2>/dev/null || cause=killed`,
		sh`		end="$code \${at:--} \${cause:-exited}"`,
		// Neither a jail nor what is kept of it until the next start of the host. A jail alone was never started.
		sh`	elif [ -z "$jid" ]; then end='- - host-restarted'`,
		sh`	fi`,
		// Without the file the end is still told, this once.
		sh`	[ -z "$end" ] || { [ -d ${dirname(file)} ] || mkdir -p ${dirname(file)}; echo "$end" >${file}; } 2>/dev/null || :`,
		sh`fi`,
		sh`[ -z "$end" ] || echo "kleene-end $end"`,
	);
}

/** For a script that begins a run. */
export function forgetEnd(state: StateDirectory, container: string): Script {
	const file = state.end(container);
	// Not `:`, which would end the shell where it fails.
	return sh`[ ! -s ${file} ] || { true >${file}; } 2>/dev/null || :`;
}

/** @param output of `tellEnd` */
export function readEnd(output: string): SandboxEnd | undefined {
	const [, code, seconds, cause] = LINE.exec(output) ?? [];
	if (code === undefined) return undefined;
	const at = seconds === '-' ? null : new Date(Number(seconds) * 1000).toISOString();
	return { code: code === '-' ? null : Number(code) & 0xff, at, cause: cause as EndCause };
}
