/** Functions of scripts that put files into the root directory `$to`, as the owner `$uid:$gid`. */
import { type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';

const noName = (kind: 'user' | 'group') =>
	refusal({
		code: 'BUILD_FAILED',
		what: sh`'cannot give files to '"$1"`,
		why: `the image has no such ${kind}`,
		hint: 'use a name that the image has, or a number',
	});

/** `find_owner USER GROUP`: names are those of the root; a user that is a number is its own group. */
export const OWNER_FUNCTIONS: Script = sh`look_up() {
	found=
	find_in_root "$to" "$1" 2>/dev/null || found=
	[ -f "$found" ] || return 0
	NAME=$2 awk -F: '$1 == ENVIRON["NAME"] { print $3, $4; exit }' "$found"
}
find_owner() {
	uid=0 gid=0
	case $1 in
	'') ;;
	*[!0-9]*)
		line=$(look_up /etc/passwd "$1")
		[ -n "$line" ] || ${noName('user')}
		uid=\${line%% *} gid=\${line##* }
		;;
	*) uid=$1 gid=$1 ;;
	esac
	[ -n "$2" ] || return 0
	shift
	case $1 in
	*[!0-9]*)
		line=$(look_up /etc/group "$1")
		[ -n "$line" ] || ${noName('group')}
		gid=\${line%% *}
		;;
	*) gid=$1 ;;
	esac
}`;

const odd = refusal({
	code: 'BUILD_FAILED',
	what: sh`'cannot copy '"$1"`,
	why: 'it is neither a file nor a directory',
	hint: 'leave it out, e.g. by .dockerignore',
});
const inTheWay = refusal({
	code: 'BUILD_FAILED',
	what: sh`'cannot copy to '"$2"`,
	why: 'there is a directory of this name',
	hint: 'choose another destination',
});

/**
 * `copy_one AT`: from `$from`, a directory with what is in it, a file, or where `$unpack` is set an archive. tar(1) puts
 * files and directories in the place of links that are in their way; links at the destination itself are resolved inside
 * of the root.
 */
export const FILL_FUNCTIONS: Script = sh`make_directory() {
	find_in_root "$to" "$1"
	[ ! -d "$found" ] || return 0
	missing=
	above=$found
	while [ ! -d "$above" ]; do missing=$above above=\${above%/*}; done
	mkdir -p "$found"
	chown -R "$uid:$gid" "$missing"
}
put_file() {
	case $2 in */*) make_directory "\${2%/*}/" ;; esac
	place=$found/\${2##*/}
	if [ -d "$place" ] && ! [ -L "$place" ]; then ${inTheWay}; fi
	rm -f "$place"
	cp -p "$1" "$place"
	chown "$uid:$gid" "$place"
	[ -z "$mode" ] || chmod "$mode" "$place"
}
copy_tree() {
	{ (cd "$1" && find . -mindepth 1 -maxdepth 1 -print0 | tar --null -cf - -T -) || echo failed >"$work/failed"; } |
		tar -xpf - --uid "$uid" --gid "$gid" --no-fflags -C "$2"
	[ ! -e "$work/failed" ]
}
is_archive() {
	case $(od -An -v -tx1 -N6 "$1" | tr -d ' \\n') in
	1f8b* | 425a68* | fd377a585a00 | 28b52ffd*) tar -tf "$1" >/dev/null 2>&1 ;;
	*) [ "$(dd if="$1" bs=1 skip=257 count=5 2>/dev/null | tr -d '\\000')" = ustar ] ;;
	esac
}
copy_one() {
	find_in_root "$from" "$1"
	file=$found
	if [ -d "$file" ]; then
		make_directory "$destination"
		target=$found
		if [ -n "$mode" ]; then
			rm -rf "$work/tree"; mkdir "$work/tree"
			copy_tree "$file" "$work/tree"
			find "$work/tree" -mindepth 1 ! -type l -exec chmod "$mode" {} +
			file=$work/tree
		fi
		copy_tree "$file" "$target"
	elif [ ! -f "$file" ]; then
		${odd}
	elif [ -n "$unpack" ] && is_archive "$file"; then
		make_directory "$destination"
		tar -xpf "$file" --numeric-owner --no-fflags -C "$found"
	elif [ -n "$into" ]; then
		put_file "$file" "\${destination%/}/\${1##*/}"
	else
		put_file "$file" "$destination"
	fi
}`;
