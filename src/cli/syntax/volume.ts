import { act } from '../invocation.ts';
import { type Declaration, type Listing, withForce, withJson, withListing } from './options.ts';

const actions = () => import('../commands/volume.ts');

export const volumeCommands: Readonly<Record<string, Declaration>> = {
	create: (command) =>
		act(command.description('create a volume').argument('<VOLUME_NAME>'), async () => {
			return (await actions()).create;
		}),
	ls: (command) =>
		act<Listing>(withListing(command.description('list volumes'), 'names'), async () => (await actions()).list),
	inspect: (command) =>
		act(withJson(command.description('show details and mounts of a volume')).argument('<VOLUME>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act(command.description('remove volumes and their files').argument('<VOLUMES...>'), async () => {
			return (await actions()).remove;
		}),
	prune: (command) =>
		act<{ force?: boolean }>(withForce(command.description('remove all unused volumes')), async () => {
			return (await actions()).prune;
		}),
};
