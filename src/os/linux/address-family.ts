import type { Family } from '#inet/family.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;

/** The kernel's number of a family. */
export function addressFamily(family: Family): number {
	return family === 4 ? AF_INET : AF_INET6;
}
