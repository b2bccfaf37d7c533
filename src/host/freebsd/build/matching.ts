import { lines, type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';
import { IN_ROOT } from '../storage/inroot.ts';

/** Directories in directories that are looked into. */
const DEEPEST = 100;

/**
 * The shell function `matching ROOT KIND NAME [KIND NAME...]`, for one name of a pattern after the other: appends to the file
 * `$matched` the paths below ROOT that exist, a line each. Links are resolved inside of ROOT: nothing that runs can move
 * what is looked at.
 */
const MATCHING: Script = sh`matching() {
	_root=$1; shift
	match_below '' ${DEEPEST} "$@"
}
match_below() {
	local at depth kind name directory path
	at=$1 depth=$2; shift 2
	if [ $# -eq 0 ]; then
		find_in_root "$_root" "$at" || return 0
		[ ! -e "$found" ] || printf '%s\\n' "$at" >>"$matched"
		return 0
	fi
	kind=$1 name=$2; shift 2
	if [ "$kind" = name ]; then
		match_below "$at/$name" "$depth" "$@"
		return 0
	fi
	[ "$depth" -gt 0 ] && find_in_root "$_root" "$at" && [ -d "$found" ] || return 0
	directory=$found
	[ "$kind" = pattern ] || match_below "$at" "$depth" "$@"
	for path in "$directory"/* "$directory"/.[!.]* "$directory"/..?*; do
		[ -e "$path" ] || [ -L "$path" ] || continue
		if [ "$kind" = pattern ]; then
			case \${path##*/} in $name) match_below "$at/\${path##*/}" "$((depth - 1))" "$@" ;; esac
		elif [ -d "$path" ] && ! [ -L "$path" ]; then
			match_below "$at/\${path##*/}" "$((depth - 1))" any '' "$@"
		fi
	done
}`;

/** Pieces of scripts that look for files of an origin. */
export const LOOK_FOR_FILES: Script = lines(IN_ROOT, MATCHING);

/**
 * Part of a script: the paths that a pattern names, into the file `$matched`. Where there is none, the script ends with a
 * refusal.
 *
 * @param root a word of the shell
 */
export function matchPattern(root: Script, pattern: string): Script {
	const none = refusal({
		code: 'BUILD_FAILED',
		what: `cannot copy ${pattern}`,
		why: 'there is no such file',
		hint: 'check its path, which is relative to the context, and .dockerignore',
	});
	return lines(
		sh`: >"$matched.one"; _all=$matched; matched=$matched.one`,
		sh`matching ${root} ${wordsOf(pattern)}`,
		sh`matched=$_all`,
		sh`[ -s "$matched.one" ] || ${none}`,
		sh`cat "$matched.one" >>"$matched"`,
	);
}

/** The names of a pattern, each with its kind: `name`, `pattern` for case of sh(1), `any` for any number of directories. */
function wordsOf(pattern: string): string[] {
	return pattern
		.split('/')
		.filter((name) => name !== '' && name !== '.')
		.flatMap((name) => {
			if (name === '**') return ['any', ''];
			if (/[*?[]/.test(name)) return ['pattern', name.replaceAll('[^', '[!')];
			return ['name', name.replace(/\\(.)/gs, '$1')];
		});
}
