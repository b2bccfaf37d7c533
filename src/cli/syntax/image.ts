import { Argument, type Command, Option } from 'commander';
import { act } from '../invocation.ts';
import type { ImageCreateOptions } from '../parse/image.ts';
import { withForce, withJson } from './options.ts';
import type { Declaration } from './tree.ts';

const actions = () => import('../commands/image.ts');

export const imageCommands: Readonly<Record<string, Declaration>> = {
	create: declareCreate,
	ls: (command) => act(withJson(command.description('list images')), async () => (await actions()).list),
	inspect: (command) =>
		act(withJson(command.description('show everything about an image')).argument('<IMAGE>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act(command.description('remove images').argument('<IMAGES...>'), async () => (await actions()).remove),
	prune: (command) =>
		act<{ all?: boolean; force?: boolean }>(
			withForce(command.description('remove images that nothing uses')).option('-a, --all', 'tagged ones too'),
			async () => (await actions()).prune,
		),
	tag: (command) =>
		act(command.description('name an image').argument('<SOURCE_IMAGE>').argument('<NAMETAG>'), async () => {
			return (await actions()).tag;
		}),
};

const METHODS = ['fetch', 'fetch-auto', 'zfs-copy', 'zfs-clone'];

function declareCreate(command: Command): Command {
	const declared = command
		.description('create a base image')
		.addArgument(new Argument('<METHOD>', 'how to make it').choices(METHODS))
		.argument('[SOURCE]', 'URL of an archive for fetch, dataset for zfs-copy and zfs-clone')
		.option('-t, --tag <NAMETAG>', 'name of the image: NAME[:TAG]')
		.option('--dns', "copy the host's /etc/resolv.conf into the image", true)
		.option('--no-dns', 'do not')
		.option('--localtime', "copy the host's /etc/localtime into the image", true)
		.option('--no-localtime', 'do not')
		.option('--update', 'update the image', false)
		.option('--no-update', 'do not')
		.addOption(
			new Option('-a, --autotag', 'fetch-auto: name it after its release, unless --tag does').default(true, 'on'),
		)
		.option('--no-autotag', 'do not');
	return act<ImageCreateOptions>(declared, async () => (await actions()).create);
}
