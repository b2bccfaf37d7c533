/** Host names of UTS namespaces. */
import { closeSync, openSync } from 'node:fs';
import { checked, declare } from './libc.ts';
import { isAlive, type ProcessIdentity } from './process.ts';

/** Source: linux/sched.h. */
const CLONE_NEWUTS = 0x0400_0000;

const setns = declare<(fd: number, kind: number) => number>('int setns(int fd, int nstype)');
const sethostname = declare<(name: string, length: number) => number>('int sethostname(const char *name, size_t len)');

/**
 * Changes the host name that a process sees. The main thread goes to the namespace of the process and comes back.
 *
 * @returns false when the process is gone
 * @throws SystemCallError
 */
export function setHostname(process: ProcessIdentity, name: string): boolean {
	const own = openSync('/proc/thread-self/ns/uts', 'r');
	try {
		const other = openSync(`/proc/${process.pid}/ns/uts`, 'r');
		try {
			if (!isAlive(process)) return false;
			checked('setns', () => setns(other, CLONE_NEWUTS));
			try {
				checked('sethostname', () => sethostname(name, Buffer.byteLength(name)));
			} finally {
				checked('setns', () => setns(own, CLONE_NEWUTS));
			}
			return true;
		} finally {
			closeSync(other);
		}
	} finally {
		closeSync(own);
	}
}
