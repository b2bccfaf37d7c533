import { chmodSync } from 'node:fs';
import { checked, declare } from '../libc.ts';

/** Source: linux/stat.h. */
const S_IFCHR = 0o020000;
/** Source: Documentation/admin-guide/devices.txt of the kernel: 1, 3. */
const NULL = 0x103;

const mknod = declare<(path: string, mode: number, device: number) => number>(
	'int mknod(const char *path, unsigned int mode, uint64_t device)',
);

/**
 * Makes a device like /dev/null.
 *
 * @throws SystemCallError
 */
export function makeNullDevice(path: string): void {
	checked('mknod', () => mknod(path, S_IFCHR | 0o666, NULL));
	chmodSync(path, 0o666);
}
