import { lines, type Script, sh } from './quote.ts';

const PATH = '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin';

/** Beginning of every script, which makes it independent of the login environment. */
export function prologue(path?: string): Script {
	return lines(
		sh`LC_ALL=C PATH=${path === undefined ? PATH : `${path}:${PATH}`}`,
		// CDPATH and ENV change what cd prints and what a shell reads first.
		sh`export LC_ALL PATH; unset CDPATH ENV IFS`,
		sh`umask 022; cd /`,
	);
}

/**
 * A command line for whatever shell somebody logs in with (sh, csh, tcsh, bash, fish): it reads one line of input as a
 * script and leaves the rest of the input to that script. `read` takes byte by byte, so nothing is taken too much.
 * Without its newline the line was not all there, and nothing is run.
 */
export const READ_ONE_LINE = ['-c', `IFS= read -r s && eval "$(printf %b "$s")"`] as const;

/** A script as that line. `printf %b` gives it back. */
export function asOneLine(script: Script): string {
	return `${script.text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`;
}
