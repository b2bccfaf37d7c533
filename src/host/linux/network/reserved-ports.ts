import { readFileSync } from 'node:fs';
import { KleeneError } from '#errors/kleene-error.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { within } from '#os/linux/netns.ts';

const FIRST_UNRESERVED = 1024;

/**
 * Without CAP_NET_BIND_SERVICE ports are refused below a number that belongs to the network: 1024 in every new one,
 * anything in the host's. @param namespace of the host; undefined: the daemon's own
 */
export function requireReservedPorts({ denied, network }: SandboxSpec, namespace: number | undefined): void {
	if (network !== 'host' || !denied?.includes('reserved-ports')) return;
	const read = () => Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
	const first = namespace === undefined ? read() : within(namespace, read);
	if (first >= FIRST_UNRESERVED) return;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot use jail parameter allow.reserved_ports=false',
		why: `the host lets every user bind ports from ${first} on, and the container shares its network`,
		hint: `run "sysctl net.ipv4.ip_unprivileged_port_start=${FIRST_UNRESERVED}" on the host, or use another driver`,
	});
}
