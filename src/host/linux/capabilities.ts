import type { SandboxSpec } from '#model/sandbox.ts';

/**
 * What root in a container may do without being asked: Docker's default set (moby daemon/pkg/oci/caps/defaults.go)
 * without CAP_NET_RAW.
 */
const DEFAULT = [
	'CAP_AUDIT_WRITE',
	'CAP_CHOWN',
	'CAP_DAC_OVERRIDE',
	'CAP_FOWNER',
	'CAP_FSETID',
	'CAP_KILL',
	'CAP_MKNOD',
	'CAP_NET_BIND_SERVICE',
	'CAP_SETFCAP',
	'CAP_SETGID',
	'CAP_SETPCAP',
	'CAP_SETUID',
	'CAP_SYS_CHROOT',
];

/** A stack of one's own is configured with raw sockets too: DHCP, ping and traceroute belong to it. */
export function capabilitiesOf(spec: Pick<SandboxSpec, 'rawSockets' | 'netAdmin'>): string[] {
	const added: string[] = [];
	if (spec.netAdmin) added.push('CAP_NET_ADMIN');
	if (spec.netAdmin || spec.rawSockets) added.push('CAP_NET_RAW');
	return [...DEFAULT, ...added].sort();
}
