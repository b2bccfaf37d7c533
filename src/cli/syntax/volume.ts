import { act } from '../invocation.ts';
import { withForce, withJson } from './options.ts';
import type { Declaration } from './tree.ts';

const actions = () => import('../commands/volume.ts');

export const volumeCommands: Readonly<Record<string, Declaration>> = {
	create: (command) =>
		act(
			command.description('create a volume; one that is there stays as it is').argument('<VOLUME_NAME>'),
			async () => {
				return (await actions()).create;
			},
		),
	ls: (command) => act(withJson(command.description('list volumes')), async () => (await actions()).list),
	inspect: (command) =>
		act(withJson(command.description('show a volume and where it is mounted')).argument('<VOLUME>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act(command.description('remove volumes and what is in them').argument('<VOLUMES...>'), async () => {
			return (await actions()).remove;
		}),
	prune: (command) =>
		act<{ force?: boolean }>(
			withForce(command.description('remove all volumes that no container mounts')),
			async () => {
				return (await actions()).prune;
			},
		),
};
