import { act } from '../invocation.ts';
import type { Declaration } from './options.ts';
import { withForce, withJson } from './options.ts';

const actions = () => import('../commands/system.ts');

export const systemCommands: Readonly<Record<string, Declaration>> = {
	backup: (command) =>
		act(
			command
				.description('write the database of the daemon to a file, for "kleened restore"')
				.argument('<FILE>', 'here, not on the host of the daemon'),
			async () => (await actions()).backup,
		),
	lost: (command) =>
		act<{ json?: boolean }>(
			withJson(command.description('list what was found and the database did not know')),
			async () => (await actions()).lost,
		),
	prune: (command) =>
		act<{ force?: boolean }>(withForce(command.description('remove it')), async () => (await actions()).prune),
};
