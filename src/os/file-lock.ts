/** Locks of whole files (flock(2)), which the system takes back from a process that is gone, however it ended. */
import { hasCode } from './errno.ts';
import { checked, declare } from './linux/libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

const flock = declare<(fd: number, operation: number) => number>('int flock(int fd, int operation)');

/**
 * @param fd held until it is closed; programs that are started do not inherit it
 * @returns whether nobody else has the lock, and it is ours now
 */
export function tryLock(fd: number): boolean {
	try {
		checked('flock', () => flock(fd, LOCK_EX | LOCK_NB));
		return true;
	} catch (error) {
		if (hasCode(error, 'EAGAIN', 'EWOULDBLOCK')) return false;
		throw error;
	}
}
