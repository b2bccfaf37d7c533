import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../programs/paths.ts';

export const BUSYBOX = join(CACHE, 'busybox');

/**
 * Fetches a statically linked busybox out of its package, once per machine. The package itself is not installed: it
 * cannot be beside the other busybox, which the initramfs of a machine may be made with.
 */
export function provideBusybox(): string {
	if (existsSync(BUSYBOX)) return BUSYBOX;
	mkdirSync(CACHE, { recursive: true, mode: 0o700 });
	const next = mkdtempSync(`${BUSYBOX}.`);
	run(next, 'apt-get', '--quiet', 'download', 'busybox-static');
	run(next, 'sh', '-c', 'dpkg-deb --fsys-tarfile busybox-static_*.deb | tar -xf - --wildcards "*/bin/busybox"');
	const made = ['bin/busybox', 'usr/bin/busybox'].map((path) => join(next, path)).find((path) => existsSync(path));
	if (made === undefined) throw new Error('the package busybox-static has no bin/busybox');
	renameSync(made, BUSYBOX);
	rmSync(next, { recursive: true });
	return BUSYBOX;
}

function run(cwd: string, program: string, ...args: readonly string[]): void {
	const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
	if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
}
