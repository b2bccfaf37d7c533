import { closeSync, openSync } from 'node:fs';
import { checked, declare } from '#os/linux/libc.ts';

const CLONE_NEWNET = 0x4000_0000;
const setns = declare<(fd: number, kind: number) => number>('int setns(int fd, int nstype)');

/**
 * Takes this process, and what it starts from now on, to the network of the machine: for what is fetched. Tests of
 * a run are kept from it otherwise. To be called first.
 */
export function goOnline(): void {
	const machine = process.env.KLEENE_TEST_MACHINE;
	if (machine === undefined) return;
	const fd = openSync(machine, 'r');
	checked('setns', () => setns(fd, CLONE_NEWNET));
	closeSync(fd);
}
