import type { Mount } from '#model/mount.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import type { Paths } from '../../paths.ts';

/** Mounts of a container with paths of the host as their sources; those that `run-mounts` of the same run prepared are the last. */
export function mountsOf({ container, mounts, runMounts = [] }: SandboxPart, paths: Paths): Mount[] {
	const prepared = runMounts.map((place, index): Mount => {
		return { type: 'nullfs', source: paths.runMount(container, index), ...place };
	});
	return [...mounts.map((mount) => resolved(mount, paths)), ...prepared];
}

function resolved(mount: Mount, paths: Paths): Mount {
	return mount.type === 'volume' ? { ...mount, source: paths.volume(mount.source) } : mount;
}
