import { constants } from 'node:os';

/** Some numbers have two names (EAGAIN, EWOULDBLOCK): these are the ones that manuals use. */
const PREFERRED = new Set(['EAGAIN', 'EOPNOTSUPP']);

const NAMES = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno))
	if (!NAMES.has(number) || PREFERRED.has(name)) NAMES.set(number, name);

/** E.g. 17 → `EEXIST`. Numbers without a name on this system give `errno 524`. */
export function errnoName(errno: number): string {
	return NAMES.get(errno) ?? `errno ${errno}`;
}

/** Whether an error of a system call, of Node or of netlink carries one of these names. */
export function hasCode(error: unknown, ...names: readonly string[]): boolean {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' && names.includes(error.code);
}
