/** Places in the root of a container that something is mounted on for one RUN, and that are gone again afterwards. */
import { type Script, sh } from '#os/shell/quote.ts';
import { INSIDE } from '../storage/inroot.ts';

/**
 * `make_place DESTINATION`, beside `find_in_root`: the place in `$root` into `$place`, links resolved inside of it; a directory
 * where `$directory` is set, else a file. What is missing is made, and named in the file `$made` before. `$why` says what is in
 * the way.
 */
export const PLACE_FUNCTIONS: Script = sh`make_place() {
	why='links go round in a circle there'
	find_in_root "$root" "$1" 2>/dev/null || return 1
	place=$found
	case $place in *'
'*) why='its name has a line break'; return 1 ;; esac
	rest=\${place#"$root/"} at=
	while [ -n "$rest" ]; do
		at=\${at:+$at/}\${rest%%/*}
		case $rest in
		*/*) rest=\${rest#*/} kind=yes ;;
		*) rest= kind=$directory ;;
		esac
		if [ -L "$root/$at" ]; then
			why='a link of the image leads nowhere there'
			return 1
		elif [ ! -e "$root/$at" ]; then
			printf '%s\\n' "$at" >>"$made"
			if [ -n "$kind" ]; then mkdir "$root/$at"; else : >"$root/$at"; fi
		elif [ -n "$kind" ] && [ ! -d "$root/$at" ]; then
			why="/$at is no directory in the image"
			return 1
		elif [ -z "$kind" ] && [ ! -f "$root/$at" ]; then
			why='the image has a directory there'
			return 1
		fi
	done
}`;

/**
 * Removes those that were made, the last one first, unless something is in them now. A directory on the way to one may be a link
 * by now: it is not followed. Nothing of the container runs.
 */
export function removePlaces(root: string, list: string): Script {
	return sh`${INSIDE}
if [ -f ${list} ] && cd ${root}; then
	sed -n '1!G;h;$p' ${list} | while IFS= read -r at; do
		if ! inside "$at" || [ -L "$at" ]; then continue; fi
		if [ -d "$at" ]; then rmdir "$at" 2>/dev/null || :
		elif [ -f "$at" ] && [ ! -s "$at" ]; then rm -f "$at"
		fi
	done
	cd /
fi`;
}
