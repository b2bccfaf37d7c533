import { closeSync, readFileSync, statSync } from 'node:fs';
import { KleeneError } from '#errors/kleene-error.ts';
import { hasCode } from '#os/errno.ts';
import { holderOfName, holdName } from '#os/linux/abstract-name.ts';

/** Of the socket that a daemon holds in the network namespace that is its host. */
const NAME = 'kleened';

/**
 * Two daemons on one host network would share table, bridges and cables, and take each other's for left-overs. So each
 * holds a name there as long as it lives.
 *
 * @param hostNamespace descriptor; undefined: the daemon's own
 * @returns a function that gives the host free
 */
export function lockHost(
	hostNamespace: number | undefined,
	log: { warn(fields: object, message: string): void },
): () => void {
	try {
		const fd = holdName(hostNamespace, NAME);
		return () => closeSync(fd);
	} catch (error) {
		if (!hasCode(error, 'EADDRINUSE')) throw error;
	}
	const holder = holderOfName(hostNamespace, NAME);
	// Anybody can take a name, root of a container on the host's network too, but only root of this machine is a daemon.
	if (holder !== undefined && !(isOfRoot(holder) && seesOurProcesses(holder))) {
		log.warn({ process: holder }, `another program holds the socket name @${NAME}: a second daemon is not detected`);
		return () => {};
	}
	throw new KleeneError({
		code: 'CONFIG_INVALID',
		what: 'cannot manage this host network',
		why: `another kleened manages it already${holder === undefined ? '' : `: process ${holder}, ${commandOf(holder)}`}`,
		hint: 'use that one, or stop it first; with --netns each daemon has its own host network',
	});
}

function isOfRoot(pid: number): boolean {
	return (statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? 0) === 0;
}

/** Containers have process ids of their own. */
function seesOurProcesses(pid: number): boolean {
	const own = statSync('/proc/self/ns/pid').ino;
	return (statSync(`/proc/${pid}/ns/pid`, { throwIfNoEntry: false })?.ino ?? own) === own;
}

/** Command line of a process, which names its root directory. */
function commandOf(pid: number): string {
	try {
		const [, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
		const script = words.findIndex((word) => !word.startsWith('-'));
		return `"${['kleened', ...words.slice(script + 1)].join(' ').trim().slice(0, 300)}"`;
	} catch {
		return 'which has just ended';
	}
}
