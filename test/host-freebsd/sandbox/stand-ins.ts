/**
 * Stand-ins for the programs of FreeBSD that the running of processes needs, as a directory for the PATH. A jail is a file
 * with its name and a variable in the environment of its processes; everything else is real: processes, FIFOs, terminals.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Undo } from '#test/os/shell/sshd.ts';

const PROGRAMS: Readonly<Record<string, string>> = {
	// daemon(8): -f.
	daemon: `[ "$1" = -f ] && shift
exec setsid -f "$@" </dev/null >/dev/null 2>&1`,
	flua: 'exec lua5.4 "$@"',
	jls: `[ "$1" != name ] || exec ls "$JAILS"
[ "$1 $3" = "-j jid" ] && [ -e "$JAILS/$2" ] && echo 1 && exit 0
echo "jls: jail \\"$2\\" not found" >&2; exit 1`,
	jexec: `clean=no
while :; do case $1 in -l) clean=yes; shift;; -U|-u) user=$2; shift 2; break;; *) break;; esac; done
jail=$1; shift
[ -e "$JAILS/$jail" ] || { echo "jexec: jail \\"$jail\\" not found" >&2; exit 1; }
[ "$user" = root ] || { echo "jexec: $user: no such user" >&2; exit 1; }
[ $clean = no ] || exec /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin TERM="$TERM" KLEENE_TEST_JAIL=$JAILS/$jail "$@"
exec /usr/bin/env KLEENE_TEST_JAIL=$JAILS/$jail "$@"`,
	pgrep: `[ "$1" = -j ] || exec /usr/bin/pgrep "$@"
[ -e "$JAILS/$2" ] || exit 2
found=1
for p in $(grep -lzxF "KLEENE_TEST_JAIL=$JAILS/$2" /proc/[0-9]*/environ 2>/dev/null); do
	p=\${p#/proc/}; echo "\${p%/environ}"; found=0
done
exit $found`,
	// pkill -SIGNAL -j JAIL -F FILE, or -j none -F FILE NAME
	pkill: `[ "$2 $4" = "-j -F" ] || exit 2
pid=$(cat "$5") || exit 3
if [ "$3" = none ]; then grep -qx "$6" "/proc/$pid/comm" || exit 1
else grep -qzxF "KLEENE_TEST_JAIL=$JAILS/$3" "/proc/$pid/environ" || exit 1; fi
kill "$1" "$pid"`,
	pwait: `for p in "$@"; do while kill -0 "$p" 2>/dev/null; do sleep 0.02; done; done`,
	stty: `[ "$1" = -f ] && shift && set -- -F "$@"
exec /usr/bin/stty "$@"`,
	// script(1) -q FILE COMMAND...
	script: `shift 2
words=
for word in "$@"; do words="$words '$word'"; done
SHELL=/bin/sh exec /usr/bin/script -q -E never -c "$words" /dev/null`,
};

export interface StandIns {
	/** For `ShellOptions.path`. */
	readonly path: string;
	/** Makes a jail, or takes it away; its processes are not touched. */
	jail(name: string): void;
	noJail(name: string): void;
	/** A scratch directory. */
	readonly directory: string;
}

export function standIns(t: Undo): StandIns {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-bsd-'));
	// Who writes the output of a container may end a moment after its process.
	t.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
	const [path, jails] = ['bin', 'jails'].map((name) => join(directory, name)) as [string, string];
	for (const one of [path, jails]) mkdirSync(one);
	for (const [name, text] of Object.entries(PROGRAMS))
		writeFileSync(join(path, name), `#!/bin/sh\nJAILS=${jails}\n${text}\n`, { mode: 0o755 });
	return {
		path,
		directory,
		jail: (name) => writeFileSync(join(jails, name), ''),
		noJail: (name) => rmSync(join(jails, name)),
	};
}
