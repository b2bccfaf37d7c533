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
		act<{ force?: boolean }>(
			withForce(command.description('remove the files in lost+found')),
			async () => (await actions()).prune,
		),
};
