import type { Mount } from '#model/mount.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';
import { isMounted } from './mounts.ts';

function titleOf({ source, destination }: Pick<Mount, 'source' | 'destination'>): string {
	return `cannot mount ${source} at ${destination}`;
}

/** Looks whether the host has what is to be mounted. @param mount its source a path on the host */
export function requireSource(mount: Pick<Mount, 'source' | 'destination'>): Script {
	const { source } = mount;
	const refuse = (why: string, message: string) =>
		refusal({
			code: 'INVALID_ARGUMENT',
			what: titleOf(mount),
			why,
			hint: `make it on the host first, e.g. mkdir -p ${source}, or correct the path; a name without "/" is a volume`,
			message,
		});
	const missing = refuse(`the host has no ${source}`, 'error ocurred while determining source type: :enoent');
	const special = refuse(
		`${source} is neither a directory nor a regular file`,
		'could not determine source type, must be either directory or regular file',
	);
	return sh`[ -d ${source} ] || [ -f ${source} ] || if [ -e ${source} ]; then ${special}; else ${missing}; fi`;
}

/**
 * Shows a directory or file of the host inside a container. What the place lacks is made. No part of the way to it may
 * be a symbolic link: the host would follow it to its own files. Nothing runs in the container yet that could move one.
 *
 * @param mount its source a path on the host, both paths absolute and without `.`, `..` or empty parts
 */
export function mountInside(root: string, { source, destination, readOnly }: Mount): Script {
	const what = titleOf({ source, destination });
	const files = refusal({
		code: 'UNSUPPORTED_HERE',
		what,
		why: sh`${`${source} is a file, and nullfs of this FreeBSD mounts directories only: `}"$words"`,
		hint: 'mount its directory',
	});
	const failed = refusal({
		code: 'HOST_FAILED',
		what,
		why: sh`"$words"`,
		hint: 'see the reason, and the mounts with "mount"',
	});
	const places = placesBelow(root, destination);
	const last = places.at(-1) ?? root;
	return sh`${requireSource({ source, destination })}
made=
${lines(...places.map((place) => makePlace(what, place, place === last ? source : undefined)), sh`:`)}
if ! ${isMounted(last)}; then
	if ! words=$(mount -t nullfs ${readOnly ? sh`-o ro ` : sh``}${source} ${last} 2>&1); then
		[ -z "$made" ] || rm -f "$made"
		if [ -f ${source} ]; then ${files}; fi
		${failed}
	fi
	kleene_mounts=
fi`;
}

/** Part of a script: makes the directories that are missing on the way to a mount in memory, under the same rules. */
export function makeDirectories(what: string, root: string, destination: string): Script {
	return lines(...placesBelow(root, destination).map((place) => makePlace(what, place, undefined)));
}

function placesBelow(root: string, destination: string): string[] {
	const parts = destination.split('/').filter((part) => part !== '');
	return parts.map((_, index) => `${root}/${parts.slice(0, index + 1).join('/')}`);
}

/** @param source of the mount, when this is its last place: a file needs a file there */
function makePlace(what: string, place: string, source: string | undefined): Script {
	const link = refusal({
		code: 'HOST_FAILED',
		what,
		why: sh`${`${place} is a symbolic link to `}"$(readlink ${place})"', and the host does not follow links of a container'`,
		hint: 'mount it at the target of the link',
	});
	const other = refusal({
		code: 'HOST_FAILED',
		what,
		why: `${place} exists and is not of the kind of the mount source`,
		hint: 'mount it at another place',
	});
	const directory = sh`[ -d ${place} ] || mkdir -p ${place}; [ -d ${place} ] || ${other}`;
	return sh`if [ -L ${place} ]; then ${link}; fi
${
	source === undefined
		? directory
		: sh`if [ -d ${source} ]; then
	${directory}
else
	[ -e ${place} ] || { : >${place}; made=${place}; }
	[ -f ${place} ] || ${other}
fi`
}`;
}
