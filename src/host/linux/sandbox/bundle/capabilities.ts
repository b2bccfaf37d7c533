import type { SandboxSpec } from '#model/sandbox.ts';

/**
 * Default capabilities of root in a container: Docker's default set (moby daemon/pkg/oci/caps/defaults.go)
 * without CAP_NET_RAW, and without CAP_MKNOD: devices are not made in containers, as in jails. runc lets a container open
 * /dev/net/tun if it has a node for it.
 */
const DEFAULT = [
	'CAP_AUDIT_WRITE',
	'CAP_CHOWN',
	'CAP_DAC_OVERRIDE',
	'CAP_FOWNER',
	'CAP_FSETID',
	'CAP_KILL',
	'CAP_NET_BIND_SERVICE',
	'CAP_SETFCAP',
	'CAP_SETGID',
	'CAP_SETPCAP',
	'CAP_SETUID',
	'CAP_SYS_CHROOT',
];

/** The init of a container becomes the user of a process by them. */
const OF_INIT = ['CAP_SETGID', 'CAP_SETUID'];

export function capabilitiesOf(
	spec: Pick<SandboxSpec, 'rawSockets' | 'netAdmin' | 'denied' | 'confinement'>,
): string[] {
	const added: string[] = [];
	if (spec.netAdmin) added.push('CAP_NET_ADMIN');
	if (spec.rawSockets) added.push('CAP_NET_RAW');
	const taken = spec.denied?.includes('reserved-ports') ? ['CAP_NET_BIND_SERVICE'] : [];
	const { add = [], drop = [] } = spec.confinement?.capabilities ?? {};
	const dropped = drop.map((name) => `CAP_${name}`);
	const isLeft = (name: string) =>
		OF_INIT.includes(name) || !(taken.includes(name) || drop.includes('ALL') || dropped.includes(name));
	return [...new Set([...[...DEFAULT, ...added].filter(isLeft), ...add.map((name) => `CAP_${name}`)])].sort();
}
