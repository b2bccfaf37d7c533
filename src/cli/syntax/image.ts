import { Argument, type Command, Option } from 'commander';
import { act } from '../invocation.ts';
import type { ImageCreateOptions } from '../parse/image.ts';
import { type Declaration, withForce, withJson } from './options.ts';

const actions = () => import('../commands/image.ts');

export const imageCommands: Readonly<Record<string, Declaration>> = {
	create: declareCreate,
	ls: (command) => act(withJson(command.description('list images')), async () => (await actions()).list),
	inspect: (command) =>
		act(withJson(command.description('show details of an image')).argument('<IMAGE>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act(command.description('remove images').argument('<IMAGES...>'), async () => (await actions()).remove),
	prune: (command) =>
		act<{ all?: boolean; force?: boolean }>(
			withForce(command.description('remove unused images')).option('-a, --all', 'include tagged images'),
			async () => (await actions()).prune,
		),
	tag: (command) =>
		act(command.description('tag an image').argument('<SOURCE_IMAGE>').argument('<NAMETAG>'), async () => {
			return (await actions()).tag;
		}),
};

const METHODS = ['fetch', 'fetch-auto', 'zfs-copy', 'zfs-clone'];

function declareCreate(command: Command): Command {
	const declared = command
		.description('create a base image')
		.addArgument(new Argument('<METHOD>', 'how to create the image').choices(METHODS))
		.argument('[SOURCE]', 'URL of an archive (fetch) or dataset (zfs-copy, zfs-clone)')
		.option('-t, --tag <NAMETAG>', 'image name: NAME[:TAG]')
		.option('--dns', "copy the host's /etc/resolv.conf into the image", true)
		.option('--no-dns', "keep the image's /etc/resolv.conf")
		.option('--localtime', "copy the host's /etc/localtime into the image", true)
		.option('--no-localtime', "keep the image's /etc/localtime")
		.option('--update', 'apply updates to the image', false)
		.option('--no-update', 'skip updates')
		.addOption(
			new Option('-a, --autotag', 'fetch-auto: tag the image with its release unless --tag is given').default(
				true,
				'on',
			),
		)
		.option('--no-autotag', 'leave the image untagged');
	return act<ImageCreateOptions>(declared, async () => (await actions()).create);
}
