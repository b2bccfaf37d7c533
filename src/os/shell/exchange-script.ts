import { dirname } from 'node:path';
import { prologue } from './prologue.ts';
import { lines, type Script, sh } from './quote.ts';
import type { Section } from './shell.ts';

export interface ExchangeText {
	readonly token: string;
	readonly sections: readonly Section[];
	readonly keepGoing: boolean;
	/** One shell for all sections, as `ExchangeOptions.together`. */
	readonly together: boolean;
	/** File on the host where the shell that runs it is noted, in a directory that is made when missing. */
	readonly note?: string;
	readonly path?: string;
}

/** Beginning of a mark. Its first byte does not occur in text, so other output is passed on at once. */
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
export function exchangeScript({ token, sections, keepGoing, together, note, path }: ExchangeText): Script {
	const plain = sections.every((section) => section.plain);
	const body =
		together && note !== undefined && !plain
			? allInOne(sections, keepGoing, `${note}.at`)
			: lines(...sections.map(({ script }) => oneSection(script, { keepGoing, plain })));
	return lines(
		sh`{`,
		prologue(path),
		sh`kleene_mark() { printf ${'%s%s\n'} ${markOf(token)} "$1"; printf ${'%s%s\n'} ${markOf(token)} "$1" >&2; }`,
		// The file is kept for the next exchange: removing it would cost a process.
		note === undefined ? sh`kleene_leave() { :; }` : sh`kleene_leave() { : >${note}; }`,
		...(note === undefined ? [] : [noteAt(note, token)]),
		sh`kleene_mark begin`,
		body,
		sh`kleene_leave; kleene_mark end; exit 0`,
		sh`} </dev/null`,
		sh``,
	);
}

function noteAt(note: string, token: string): Script {
	return sh`[ -d ${dirname(note)} ] || mkdir -p ${dirname(note)}; echo "$$" ${token} >${note}`;
}

/** `eval`, so that no mistake in one section is one of the whole. */
function oneSection(script: Script, { keepGoing, plain }: { keepGoing: boolean; plain: boolean }): Script {
	const after = keepGoing
		? sh`kleene_mark "$c"`
		: sh`kleene_mark "$c"; [ "$c" = 0 ] || { kleene_leave; kleene_mark end; exit 0; }`;
	return lines(plain ? sh`${script}; c=$?` : sh`(set -e; eval ${script.text}); c=$?`, after);
}

/**
 * A shell runs section after section, until one ends it: then the next is begun with another shell, for which the number
 * of the section that it came to is in a file.
 */
function allInOne(sections: readonly Section[], keepGoing: boolean, at: string): Script {
	const each = sections.map(({ script }, index) =>
		lines(
			sh`if kleene_begin ${index + 1}; then`,
			sh`set -e; eval ${script.text}`,
			sh`set +e; trap - EXIT; kleene_mark 0; fi`,
		),
	);
	return lines(
		sh`kleene_from=1`,
		sh`while [ "$kleene_from" -le ${sections.length} ]; do`,
		sh`(kleene_begin() { [ "$1" -ge "$kleene_from" ] && cd / && umask 022 && echo "$1" >${at}; }`,
		...each,
		sh`echo 0 >${at}); c=$?`,
		sh`read -r kleene_at <${at} || kleene_at=$kleene_from`,
		sh`[ "$kleene_at" != 0 ] || break`,
		sh`kleene_mark "$c"; kleene_from=$((kleene_at + 1))`,
		...(keepGoing ? [] : [sh`[ "$c" = 0 ] || break`]),
		sh`done`,
	);
}

/** For the arguments of that shell: it tells by them what it is at work for. */
export function exchangeArguments(token: string): string[] {
	return ['-s', `${SHELL_NAME}-${token}`];
}
