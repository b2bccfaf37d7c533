import type { SandboxSpec } from '#model/sandbox.ts';
import { capabilitiesOf } from './capabilities.ts';

/**
 * Makes writable what is below the mount point, which becomes a mount of its own. In the place of a read-only mount it
 * would be read-only, too (crun), so it is changed as well.
 */
const OPEN = 'mount --bind "$0" "$0" && exec mount -o remount,bind,rw,nosuid,nodev,noexec "$0"';

/**
 * The hook of a container whose network is its own, below a user namespace: its /proc/sys/net can be written to, as the
 * kernel shows it the settings of this network alone. All others of /proc/sys stay read-only: of those it shows the host's.
 *
 * Runtimes refuse a mount there (runc: checkProcMount) and make /proc/sys read-only last, but not what is mounted below.
 * The hook runs in the mount namespace of the container, before its root is the root. Source: OCI runtime specification 1.1.0,
 * createContainer.
 */
export function networkSettings({
	spec,
	owner,
	root,
}: {
	readonly spec: SandboxSpec;
	/** The user namespace that the network belongs to; undefined: that of the host. */
	readonly owner?: string | undefined;
	readonly root: string;
}): object {
	const administers = capabilitiesOf(spec).includes('CAP_NET_ADMIN') && !spec.denied?.includes('reserved-ports');
	if (owner === undefined || !administers) return {};
	const args = ['sh', '-c', OPEN, `${root}/proc/sys/net`];
	return { hooks: { createContainer: [{ path: '/bin/sh', args, env: [PATH] }] } };
}

const PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
