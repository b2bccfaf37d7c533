/** Mounts below the root of a container: what is left of them is taken away, and nothing of the container's has a say in where. */
import { type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';

/** mount(8) prints `SOURCE on POINT (TYPE, OPTIONS)`: every POINT that begins as the variable START says. */
const POINTS = sh`awk '
	{ at = index($0, " on " ENVIRON["START"]) }
	at { point = substr($0, at + 4); sub(/ [(][^()]*[)]$/, "", point); print point }'`;

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
	return sh`tries=0
while point=$(mount | START=${`${directory}/`} ${POINTS} | tail -n 1) && [ -n "$point" ]; do
	if ! words=$(umount "$point" 2>&1) && ! words=$(umount -f "$point" 2>&1); then
		# Another step may be at the same; the table is read again.
		tries=$((tries + 1))
		[ "$tries" -lt 10 ] || ${left}
		sleep 0.2
	fi
done`;
}

/** Whether something is mounted at exactly this place: a condition for `if`. */
export function isMounted(point: string): Script {
	return sh`mount | START=${point} ${POINTS} | grep -qxF -e ${point}`;
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
