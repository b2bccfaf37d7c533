import type { Script } from '#os/shell/quote.ts';
import { sh } from '#os/shell/quote.ts';

/**
 * The shell function `find_in_root ROOT PATH`: sets `$found` to the path on the host of the file that a container finds at
 * PATH, with every link resolved inside of ROOT, as after chroot(2). Parts that are missing are taken as they are written.
 * `in_root` prints it, at the price of a process.
 *
 * Only for containers in which no process runs: what was looked at could otherwise be a link a moment later.
 */
export const IN_ROOT: Script = sh`find_in_root() {
	_done= _rest=$2 _links=0
	while [ -n "$_rest" ]; do
		case $_rest in
		*/*) _name=\${_rest%%/*} _rest=\${_rest#*/} ;;
		*) _name=$_rest _rest= ;;
		esac
		case $_name in
		'' | .) continue ;;
		..)
			_done=\${_done%/*}
			continue
			;;
		esac
		if ! [ -L "$1$_done/$_name" ]; then
			_done=$_done/$_name
			continue
		fi
		_links=$((_links + 1))
		if [ "$_links" -gt 32 ]; then
			echo "links go round in a circle at $2" >&2
			return 1
		fi
		_link=$(readlink "$1$_done/$_name") || return 1
		case $_link in /*) _done= ;; esac
		_rest=$_link/$_rest
	done
	found=$1$_done
}
in_root() {
	find_in_root "$@" && printf '%s\\n' "$found"
}`;

/**
 * The shell function `inside PATH`: whether each directory on the way to a path, from the working directory, is one and no link.
 * For containers in which no process runs, as above.
 */
export const INSIDE: Script = sh`inside() {
	_rest=$1 _at=.
	while :; do
		case $_rest in
		*/*) _at=$_at/\${_rest%%/*} _rest=\${_rest#*/} ;;
		*) return 0 ;;
		esac
		[ -d "$_at" ] && ! [ -L "$_at" ] || return 1
	done
}`;
