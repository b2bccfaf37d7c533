import { Argument, type Command, Option } from 'commander';
import type { LoginOptions, SaveOptions, TlsOptions } from '../commands/registry.ts';
import { act } from '../invocation.ts';
import type { ImageCreateOptions } from '../parse/image.ts';
import { declareBuild } from './build.ts';
import { choice, type Declaration, type Listing, withForce, withJson, withListing } from './options.ts';

const actions = () => import('../commands/image.ts');
const registry = () => import('../commands/registry.ts');

export const imageCommands: Readonly<Record<string, Declaration>> = {
	create: declareCreate,
	build: declareBuild,
	ls: (command) =>
		act<Listing & { digests?: boolean }>(
			withListing(command.description('list images')).option('--digests', 'show the digests of manifests'),
			async () => (await actions()).list,
		),
	history: (command) =>
		act(withJson(command.description('show the steps and layers of an image')).argument('<IMAGE>'), async () => {
			return (await actions()).history;
		}),
	inspect: (command) =>
		act(withJson(command.description('show details of an image')).argument('<IMAGE>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act(command.description('remove images').argument('<IMAGES...>'), async () => (await actions()).remove),
	prune: (command) =>
		act<{ all?: boolean; force?: boolean; dryRun?: boolean }>(
			withForce(command.description('remove unused images'))
				.option('-a, --all', 'include tagged images')
				.option('--dry-run', 'print what would be removed and how much that frees'),
			async () => (await actions()).prune,
		),
	pull: (command) =>
		act<TlsOptions>(
			withTls(command.description('fetch an image from a registry')).argument(
				'<REFERENCE>',
				'[HOST[:PORT]/]NAME[:TAG]',
			),
			async () => (await registry()).pull,
		),
	push: (command) =>
		act<TlsOptions>(
			withTls(command.description('send an image to a registry'))
				.argument('<IMAGE>')
				.argument('[REFERENCE]', '[HOST[:PORT]/]NAME[:TAG] (default: the name of the image)'),
			async () => (await registry()).push,
		),
	save: (command) =>
		act<SaveOptions>(
			command
				.description('write an image to an archive')
				.argument('<IMAGE>')
				.option('-o, --output <FILE>', 'file to write (default: standard output)')
				.addOption(choice('--format <FORMAT>', 'format of the archive', ['docker', 'oci']).default('docker')),
			async () => (await registry()).save,
		),
	load: (command) =>
		act<{ input?: string }>(
			command
				.description('load the images of an archive (docker save, OCI)')
				.option('-i, --input <FILE>', 'file to read (default: standard input)'),
			async () => (await registry()).load,
		),
	login: (command) =>
		act<LoginOptions>(
			withTls(command.description('log in to a registry; the daemon keeps the credentials'))
				.argument('<REGISTRY>', 'HOST[:PORT]')
				.option('-u, --username <NAME>', 'user name')
				.option('--password-stdin', 'read the password from standard input'),
			async () => (await registry()).login,
		),
	logout: (command) =>
		act(
			command.description('forget the credentials for a registry').argument('<REGISTRY>', 'HOST[:PORT]'),
			async () => {
				return (await registry()).logout;
			},
		),
	tag: (command) =>
		act(command.description('tag an image').argument('<SOURCE_IMAGE>').argument('<NAMETAG>'), async () => {
			return (await actions()).tag;
		}),
};

/** `--tls-verify=false`, as other tools have it. */
function withTls(command: Command): Command {
	return command.addOption(
		choice('--tls-verify <BOOLEAN>', 'require HTTPS and verify the certificate of the registry', [
			'true',
			'false',
		]).default('true'),
	);
}

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
