import { run } from '../../exec.ts';

/** Trees may have millions of files. Milliseconds. */
const PATIENCE = 10 * 60_000;

/**
 * Room on the disk of each tree, in bytes, without other file systems that are mounted in it. A process of its own walks
 * them; a tree that is gone is left out.
 */
export async function diskUsage(paths: readonly string[]): Promise<Map<string, number>> {
	if (paths.length === 0) return new Map();
	const argv = ['du', '--summarize', '--one-file-system', '--block-size=1', '--files0-from=-'];
	const { stdout } = await run(argv, { input: `${paths.join('\0')}\0`, timeout: PATIENCE, codes: [0, 1] });
	return new Map(
		stdout.split('\n').flatMap((line) => {
			const [, bytes, path] = /^(\d+)\t(.*)$/.exec(line) ?? [];
			return bytes === undefined || path === undefined ? [] : [[path, Number(bytes)] as const];
		}),
	);
}
