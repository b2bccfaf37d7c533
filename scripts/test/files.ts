/** Which test files there are, and which of them need no host. */
import { globSync, readFileSync } from 'node:fs';

/** Whether the host of the tests is reached by ssh: its network is not on this machine. */
export const isFarAway = process.env.KLEENE_TEST_HOST?.startsWith('ssh://') ?? false;

const ALL = ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/**/*.test.ts'];
const SLOW = '.slow.test.ts';

/** Folders whose tests compute only: they share one process. */
const PURE = ['src/', 'scripts/', 'test/engine/', 'test/store/', 'test/daemon/'];
/** A hook at the top of a file would be one of all files that share its process. */
const HOOK = /^(before|after|beforeEach|afterEach)\(/m;

/** For a FreeBSD host reached by ssh, in this order. They share the host, so one file at a time. */
const FREEBSD = [
	...['walkthrough', 'networks', 'names', 'sessions', 'restart'].map(
		(name) => `test/acceptance/everywhere/${name}.test.ts`,
	),
	...['cost', 'by-hand', 'cut', 'killed'].map((name) => `test/acceptance/freebsd/${name}.test.ts`),
];

/** @param patterns files as the user names them, glob patterns too; none: all, the slow ones apart */
export function filesToRun(patterns: readonly string[], slow: boolean): string[] {
	if (patterns.length === 0 && isFarAway) return slow ? [] : FREEBSD;
	if (patterns.length === 0) return globSync(ALL).filter((file) => file.endsWith(SLOW) === slow);
	const files = globSync(patterns);
	if (files.length === 0) throw new Error(`no file is called ${patterns.join(' or ')}`);
	return files;
}

/** Whether a file needs no process of its own. */
export function isPure(file: string): boolean {
	return PURE.some((folder) => file.startsWith(folder)) && !HOOK.test(readFileSync(file, 'utf8'));
}
