import { readFileSync } from 'node:fs';
import type { HostLimits } from '#model/host/traits.ts';
import { within } from '#os/linux/netns.ts';

const LEARNED_ADDRESSES = 1024;
const QUESTIONS = 1000;
/** One container may have this part of all connections that the host can track, and of all processes. */
const SHARE = 1 / 16;
const LEAST_CONNECTIONS = 1024;
/** The same for processes and threads. */
const LEAST_PROCESSES = 1024;
/** Connections tracked by a kernel with 4 GiB of memory or more, if it reports no limit. */
const TRACKED = 262_144;

/**
 * Limits of this host: those that were asked for, and defaults for the others.
 *
 * @param hostNamespace descriptor; undefined: the daemon's own
 */
export function limitsOf(hostNamespace: number | undefined, asked: Partial<HostLimits>): HostLimits {
	return {
		learnedAddresses: asked.learnedAddresses ?? LEARNED_ADDRESSES,
		connections: asked.connections ?? Math.max(LEAST_CONNECTIONS, Math.floor(trackedAtMost(hostNamespace) * SHARE)),
		questions: asked.questions ?? QUESTIONS,
		processes: asked.processes ?? Math.max(LEAST_PROCESSES, Math.floor(processesAtMost() * SHARE)),
	};
}

/** Nothing is there to be read before the kernel tracks connections. */
function trackedAtMost(hostNamespace: number | undefined): number {
	const read = () => Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8'));
	try {
		return hostNamespace === undefined ? read() : within(hostNamespace, read);
	} catch {
		return TRACKED;
	}
}

/** Of the whole machine. Source: proc(5). */
function processesAtMost(): number {
	const read = (name: string) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));
	return Math.min(read('pid_max'), read('threads-max'));
}
