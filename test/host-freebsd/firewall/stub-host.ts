/**
 * The commands of a FreeBSD host that the scripts for pf use, as far as they use them, over files in a directory of its own:
 * so that the scripts themselves run, in a real shell. What pf makes of the rules is not theirs: see `evaluator.ts`.
 */
import { spawnSync } from 'node:child_process';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Script } from '#os/shell/quote.ts';

const PFCTL = `#!/bin/sh
# Anchors are files below $STATE/anchors, their tables below $STATE/tables; slashes are written as %.
printf '%s\\n' "$*" >> "$STATE/calls"
[ -f "$STATE/loaded" ] || { echo 'pfctl: /dev/pf: No such file or directory' >&2; exit 1; }
anchor= dry= file= show= flush= table= command= kill= toggle=
while [ $# -gt 0 ]; do
	case $1 in
	-q|-v|-vv) ;;
	-n) dry=yes ;;
	-e|-d) toggle=$1 ;;
	-o) shift ;;
	-a) anchor=$2; shift ;;
	-f) file=$2; shift ;;
	-s) show=$2; shift ;;
	-F) flush=$2; shift ;;
	-t) table=$2; shift ;;
	-T) command=$2; shift ;;
	-k) kill="$kill $2"; shift ;;
	*) argument=$1 ;;
	esac
	shift
done
key=$(printf %s "$anchor" | tr / %)
rules="$STATE/anchors/$key"
[ -n "$anchor" ] || rules="$STATE/main"
if [ -n "$kill" ]; then printf '%s\\n' "$kill" >> "$STATE/killed"; exit 0; fi
case $toggle in
-e) [ ! -f "$STATE/refuse-enable" ] || { echo 'pfctl: refused' >&2; exit 1; }; : > "$STATE/enabled"; exit 0 ;;
-d) rm -f "$STATE/enabled"; exit 0 ;;
esac
if [ -n "$file" ]; then
	if [ "$file" = - ]; then text=$(cat); else text=$(cat "$file") || exit 1; fi
	case $text in *wrong*) echo "$file:1: syntax error" >&2; exit 1 ;; esac
	[ -n "$dry" ] || printf '%s\\n' "$text" > "$rules"
	exit 0
fi
case $command in
add) printf '%s\\n' "$argument" >> "$STATE/tables/$key"; exit 0 ;;
delete) grep -vxF -e "$argument" "$STATE/tables/$key" > "$STATE/t"; mv "$STATE/t" "$STATE/tables/$key"; exit 0 ;;
show) [ -f "$STATE/tables/$key" ] || exit 255; sed 's/^/   /' "$STATE/tables/$key"; exit 0 ;;
esac
if [ -n "$flush" ]; then
	[ -n "$anchor" ] || { : > "$STATE/main"; exit 0; }
	rm -f "$STATE/tables/$key"
	# As FreeBSD: one with a table stays listed, empty, until it is purged; others vanish, and have no tables to clear.
	if grep -q '^table ' "$rules" 2>/dev/null; then : > "$rules"; exit 0; fi
	[ -f "$rules" ] && ! [ -s "$rules" ] && exit 0
	rm -f "$rules"; echo 'pfctl: Anchor does not exist.' >&2; exit 1
fi
case $show in
info) if [ -f "$STATE/enabled" ]; then echo 'Status: Enabled for 0 days 00:00:27           Debug: Urgent'; else echo 'Status: Disabled'; fi ;;
states) cat "$STATE/states" 2>/dev/null ;;
Interfaces) cat "$STATE/interfaces" 2>/dev/null ;;
Anchors) for one in "$STATE/anchors/$key%"*; do
	[ -f "$one" ] || continue
	child=\${one#"$STATE/anchors/$key%"}
	case $child in *%*) ;; *) echo "  $anchor/$child" ;; esac
	done ;;
rules) grep -E '^(pass|block|anchor)' "$rules" 2>/dev/null | sed 's/^\\(anchor "kleene[^ ]*\\)$/\\1 all/' ;;
nat) grep -E '^(no|nat|rdr)' "$rules" 2>/dev/null | sed 's/^\\([a-z]*-anchor "kleene[^ ]*\\)$/\\1 all/' ;;
esac
exit 0
`;

const SYSRC = `#!/bin/sh
if [ "$1" = -n ]; then sed -n "s/^$2=//p" "$STATE/rc.conf"; exit 0; fi
[ ! -f "$STATE/refuse-sysrc" ] || { echo 'sysrc: refused' >&2; exit 1; }
printf '%s\\n' "$1" >> "$STATE/rc.conf"
`;

const KLDLOAD = `#!/bin/sh
: > "$STATE/loaded"
`;

export interface StubHost {
	/** In `/bin/sh`, as the batches of the host do. */
	run(script: Script): Promise<{ code: number; stdout: string; stderr: string }>;
	/** `loaded`, `enabled`, `main`, `killed`, `rc.conf`, `pf.conf`, …; `''` where there is none. */
	read(name: string): string;
	write(name: string, text: string): void;
	exists(name: string): boolean;
	/** Names of the anchors that hold rules. */
	anchors(): string[];
	/** The administrator's file. */
	readonly file: string;
	remove(): void;
}

/** @param main the ruleset in force; undefined: pf is neither loaded nor enabled */
export function stubHost(main?: string): StubHost {
	const state = mkdtempSync(join(tmpdir(), 'kleene-pf-'));
	const path = (name: string) => join(state, name);
	for (const name of ['bin', 'anchors', 'tables']) mkdirSync(path(name));
	for (const [name, text] of Object.entries({ pfctl: PFCTL, sysrc: SYSRC, kldload: KLDLOAD })) {
		writeFileSync(path(`bin/${name}`), text);
		chmodSync(path(`bin/${name}`), 0o755);
	}
	writeFileSync(path('rc.conf'), `pf_rules=${path('pf.conf')}\n`);
	if (main !== undefined)
		for (const [name, text] of [
			['loaded', ''],
			['enabled', ''],
			['main', main],
		] as const)
			writeFileSync(path(name), text);
	const env = { PATH: `${path('bin')}:/bin:/usr/bin`, LC_ALL: 'C', STATE: state };
	return {
		run: ({ text }) => {
			const { status, stdout, stderr } = spawnSync('/bin/sh', ['-e', '-c', `( set -e\n${text}\n) </dev/null`], {
				env,
				encoding: 'utf8',
			});
			return Promise.resolve({ code: status ?? -1, stdout, stderr });
		},
		read: (name) => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : ''),
		write: (name, text) => writeFileSync(path(name), text),
		exists: (name) => existsSync(path(name)),
		anchors: () =>
			readdirSync(path('anchors'))
				.filter((name) => statSync(path(join('anchors', name))).size > 0)
				.map((name) => name.replaceAll('%', '/'))
				.toSorted(),
		file: path('pf.conf'),
		remove: () => rmSync(state, { recursive: true }),
	};
}
