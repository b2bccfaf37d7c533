import type { Paths } from '../paths.ts';
import type { Remove } from '../storage/disposal.ts';
import type { LinuxBuilds } from './contexts.ts';
import { CopiedFiles } from './copied-files.ts';
import { RunMounts } from './run-mounts.ts';

/** Handlers of the parts that builds alone have. */
export function buildHandlers(paths: Paths, builds: LinuxBuilds, remove: Remove) {
	return {
		'copied-files': new CopiedFiles(paths, builds, remove),
		'run-mounts': new RunMounts(paths, builds, remove),
	};
}
