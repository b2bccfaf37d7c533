import { KleeneError } from '#errors/kleene-error.ts';
import type { Container } from '#model/container.ts';
import type { Mount } from '#model/mount.ts';
import type { Part } from '#model/part.ts';
import { parseVolumeName } from '#model/volume.ts';

type System = 'linux' | 'freebsd';

/** Paths come in as text and go on as absolute ones without `.`, `..` and doubled slashes. */
export function parseMounts(mounts: readonly Mount[], os: System): Mount[] {
	const parsed = mounts.map((mount) => parseMount(mount, os));
	parsed.forEach((mount, index) => {
		if (parsed.findIndex(({ destination }) => destination === mount.destination) === index) return;
		throw refuse(mount, 'something else is to be mounted there', 'mount each at a place of its own');
	});
	return parsed;
}

/** Mount points that every container needs, over or under other mounts. */
const SYSTEM: Readonly<Record<System, readonly string[]>> = {
	linux: ['/proc', '/dev', '/sys'],
	freebsd: ['/dev'],
};

function parseMount(mount: Mount, os: System): Mount {
	const source = mount.type === 'volume' ? parseVolumeName(mount.source) : absolute(mount, mount.source);
	const destination = absolute(mount, mount.destination);
	if (destination === '/')
		throw refuse(mount, 'the root directory of a container is that of its image', 'mount it at a directory below');
	if (SYSTEM[os].includes(destination))
		throw refuse(mount, `every container has its own ${destination} there`, 'mount it at a directory such as /srv');
	return { ...mount, source, destination };
}

function absolute(mount: Mount, path: string): string {
	const parts = path.split('/').filter((part) => part !== '' && part !== '.');
	if (!path.startsWith('/') || path.includes('\0') || parts.includes('..'))
		throw refuse(
			mount,
			`'${path.slice(0, 80)}' is not an absolute path without ".."`,
			'write it in full, e.g. /srv/www',
		);
	return `/${parts.join('/')}`;
}

function refuse(mount: Mount, why: string, hint: string): KleeneError {
	const what = `cannot mount '${mount.source.slice(0, 80)}' at '${mount.destination.slice(0, 80)}'`;
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint });
}

/** Outer mounts before those inside them, whatever order they were given in. */
export function byDepth(mounts: readonly Mount[]): Mount[] {
	const depth = ({ destination }: Mount) => destination.split('/').length;
	return mounts.toSorted((one, other) => depth(one) - depth(other));
}

/** Names of the volumes among them, each once. */
export function volumesAmong(mounts: readonly Mount[]): string[] {
	return [...new Set(mounts.filter(({ type }) => type === 'volume').map(({ source }) => source))];
}

/** The layers and volumes that the mounts of a container concern. */
export interface VolumesOfMounts {
	/** Ids of the layers that its root is made of, the top one first. */
	readonly layers: readonly string[];
	/** Volumes that come into being with it. */
	readonly missing: readonly string[];
	/** Volumes that a running container has: they are left as they are. */
	readonly busy: ReadonlySet<string>;
}

/** Parts that the mounts of a container add to its creation, in the order of making. */
export function partsOfMounts(
	{ id, mounts }: Pick<Container, 'id' | 'mounts'>,
	{ layers, missing, busy }: VolumesOfMounts,
): Part[] {
	const places = mounts.map((mount): Part => {
		const fill = mount.type === 'volume' && !busy.has(mount.source);
		return { kind: 'mount-point', container: id, layers, mount, fill };
	});
	return [...missing.map((volume): Part => ({ kind: 'volume-files', volume })), ...places];
}
