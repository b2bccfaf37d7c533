/** Removal of files in /var/run/kleene of ended processes, containers and daemons. */
import { dirname } from 'node:path';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { StateDirectory } from './run-directory.ts';

/**
 * For the daemon that has locked the host, once: the ends of what is over were noticed by now. Of what is its own it
 * leaves whose jail is there and whose process goes on. The directory of another daemon goes when no jail is known there
 * and no process speaks of it.
 */
export function clearLeftovers({ path }: StateDirectory): Script {
	return lines(
		sh`jails=" $(jls name | tr '\\n' ' ')"`,
		sh`lives() { case $jails in *" $1 "*) return 0 ;; esac; return 1; }`,
		sh`processes=$(ps -axww -o command=)`,
		sh`busy() { case $processes in *"$1/"*) return 0 ;; esac; return 1; }`,
		sh`for d in ${path}/exec/*; do`,
		sh`	id=\${d##*/}; { [ ! -s "$d/code" ] && lives "\${id%%.*}" && busy "$d"; } || rm -rf "$d"`,
		sh`done`,
		sh`for d in ${path}/run/* ${path}/hooked-*; do`,
		sh`	id=\${d##*/}; id=\${id#hooked-}; lives "\${id%%.*}" && continue`,
		// The run has ended, and its daemon has yet to unmake it: see ends.ts.
		sh`	if [ -s "$d/code" ] && [ ! -s ${path}/ends/"$id" ]; then`,
		sh`		read -r code <"$d/code"; at=-; { read -r at <"$d/ended"; } 2>/dev/null || :`,
		sh`		echo "$code \${at:--} exited" >${path}/ends/"$id"`,
		sh`	fi`,
		sh`	rm -rf "$d"`,
		sh`done`,
		sh`for other in ${dirname(path)}/????????; do`,
		sh`	[ "$other" != ${path} ] && [ -d "$other/run" ] || continue`,
		sh`	left=; for d in "$other"/run/*; do if lives "\${d##*/}"; then left=$d; fi; done`,
		sh`	[ -n "$left" ] || busy "$other" || rm -rf "$other"`,
		sh`done`,
	);
}
