import type { PruneOptions } from '../commands/system.ts';
import { act } from '../invocation.ts';
import type { Declaration } from './options.ts';
import { withForce, withJson } from './options.ts';

const actions = () => import('../commands/system.ts');

export const systemCommands: Readonly<Record<string, Declaration>> = {
	backup: (command) =>
		act(
			command
				.description('back up the database to a file (see "kleened restore")')
				.argument('<FILE>', 'here, not on the host of the daemon'),
			async () => (await actions()).backup,
		),
	lost: (command) =>
		act<{ json?: boolean }>(
			withJson(command.description('list files in lost+found')),
			async () => (await actions()).lost,
		),
	prune: (command) =>
		act<PruneOptions>(
			withForce(
				command
					.description('remove stopped containers, unused networks, untagged images, build caches and lost+found')
					.option('-a, --all', 'remove all images that no container uses')
					.option('--volumes', 'remove volumes that no container mounts, also those in lost+found')
					.option('--dry-run', 'print what would be removed, and change nothing'),
			),
			async () => (await actions()).prune,
		),
};
