import { prologue } from './prologue.ts';
import { lines, type Script, sh } from './quote.ts';
import type { Section } from './shell.ts';

export interface ExchangeText {
	readonly token: string;
	readonly sections: readonly Section[];
	readonly keepGoing: boolean;
	/** Directory on the host where the shell that runs it is noted. */
	readonly batch?: string;
	readonly path?: string;
}

/** What a mark begins with. A byte that text has no use for comes first: what cannot be a mark is passed on at once. */
export function markOf(token: string): string {
	return `\x1e${token} `;
}

/** Words before the token in the arguments of a shell that is at work for an exchange: see `settle.ts`. */
export const SHELL_NAME = 'kleene-exchange';

/**
 * Text for the input of `/bin/sh -s`. All of it is one compound command, so a shell that did not receive its end runs
 * nothing of it. After each section a mark is written to both streams, with the section's exit code:
 * `begin` before the first and `end` after the last.
 */
export function exchangeScript({ token, sections, keepGoing, batch, path }: ExchangeText): Script {
	const note = batch === undefined ? undefined : `${batch}/${token}`;
	return lines(
		sh`{`,
		prologue(path),
		sh`kleene_mark() { printf ${'%s%s\n'} ${markOf(token)} "$1"; printf ${'%s%s\n'} ${markOf(token)} "$1" >&2; }`,
		note === undefined ? sh`kleene_leave() { :; }` : sh`kleene_leave() { rm -f ${note}; }`,
		...(note === undefined ? [] : [sh`mkdir -p ${batch!} && echo $$ >${note}`]),
		sh`kleene_mark begin`,
		...sections.map(({ script }) => oneSection(script, keepGoing)),
		sh`kleene_leave; kleene_mark end; exit 0`,
		sh`} </dev/null`,
		sh``,
	);
}

/** `eval`, so that no mistake in one section is one of the whole. */
function oneSection(script: Script, keepGoing: boolean): Script {
	const after = keepGoing
		? sh`kleene_mark "$c"`
		: sh`kleene_mark "$c"; [ "$c" = 0 ] || { kleene_leave; kleene_mark end; exit 0; }`;
	return lines(sh`(set -e; eval ${script.text}); c=$?`, after);
}

/** For the arguments of that shell: it tells by them what it is at work for. */
export function exchangeArguments(token: string): string[] {
	return ['-s', `${SHELL_NAME}-${token}`];
}
