/** Mounts below the root of a container: what is left of them is taken away, and nothing of the container's has a say in where. */
import { type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';

/**
 * `below DIRECTORY`: what is mounted below it into `$points`, the youngest first, a line each. mount(8) prints
 * `SOURCE on POINT (TYPE, OPTIONS)`. IFS is unset in every script: see `prologue.ts`.
 */
const BELOW = sh`below() {
	points=
	[ -n "$kleene_mounts" ] || kleene_mounts=$(mount)
	IFS=${'\n'}; set -f
	for line in $kleene_mounts; do
		case $line in *" on $1/"*)
			line="$1/\${line#*" on $1/"}"
			points="\${line% (*}"${'\n'}"$points" ;;
		esac
	done
	set +f; unset IFS
}`;

/**
 * Unmounts what is mounted below a directory, the youngest first, as often as it was mounted: devfs mounts stack. A name
 * as it stands in the mount table is looked up there by umount(8), never as a path, which might lead elsewhere by now.
 */
export function unmountBelow(directory: string): Script {
	const left = refusal({
		code: 'HOST_FAILED',
		what: sh`${`cannot unmount what is mounted below ${directory}: `}"$point"`,
		why: sh`"$words"`,
		hint: sh`'see who uses it, and end that: fstat -f '"$point"`,
	});
	return sh`${BELOW}
tries=0 how=
while below ${directory} && [ -n "$points" ]; do
	IFS=${'\n'}; set -f
	if words=$(umount $how $points 2>&1); then failed=; else failed=yes; fi
	set +f; unset IFS; kleene_mounts=
	[ -n "$failed" ] || break
	# What is in use is ended by force. Another step may be at the same, so the table is read again.
	how=-f tries=$((tries + 1)) point=\${points%%${'\n'}*}
	[ "$tries" -le 10 ] || ${left}
	[ "$tries" = 1 ] || sleep 0.2
done`;
}

/** Whether something is mounted at exactly this place: a condition for `if`. */
export function isMounted(point: string): Script {
	return sh`case $(mount) in *${` on ${point} (`}*) true ;; *) false ;; esac`;
}

/**
 * Destroys a dataset with all its snapshots. While it is called busy it is tried again: a jail that is gone may hold its
 * root for a moment, and as long as a TCP connection lingers; what nobody lives in any more is then unmounted by force.
 */
export function destroyDataset(dataset: string): Script {
	return sh`tries=0
until words=$(zfs destroy -r ${dataset} 2>&1); do
	zfs list -H -o name ${dataset} >/dev/null 2>&1 || break
	case $words in
	*busy*) ;;
	*)
		printf '%s\\n' "$words" >&2
		exit 1
		;;
	esac
	tries=$((tries + 1))
	if [ "$tries" -ge 10 ]; then
		zfs destroy -rf ${dataset}
		break
	fi
	sleep 0.2
done`;
}
