/** File descriptors of this process: how many it may have, and how many it has. */
import { readdir } from 'node:fs/promises';
import { checked, declare } from './linux/libc.ts';

const getrlimit = declare<(resource: number, limit: Buffer) => number>('int getrlimit(int resource, void *limit)');

/** Source: sys/resource.h of each. */
const RLIMIT_NOFILE = process.platform === 'freebsd' ? 8 : 7;

/** Node raises the soft limit to the hard one when it starts. */
export function descriptorLimit(): number {
	// `struct rlimit` is two numbers of 64 bits.
	const limit = Buffer.alloc(16);
	checked('getrlimit', () => getrlimit(RLIMIT_NOFILE, limit));
	const soft = limit.readBigUInt64LE();
	return soft > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Of Linux alone. */
export async function openDescriptors(): Promise<number> {
	return (await readdir('/proc/self/fd')).length;
}
