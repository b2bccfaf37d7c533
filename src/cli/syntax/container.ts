import { type Command, InvalidArgumentError } from 'commander';
import type { ContainerListing } from '../commands/container.ts';
import { act } from '../invocation.ts';
import type { ContainerCreateOptions, ContainerUpdateOptions, ExecOptions, RunOptions } from '../parse/container.ts';
import type { AttachOptions } from '../session/start.ts';
import { withContainerOptions, withEnvironment } from './container-options.ts';
import {
	choice,
	type Declaration,
	type DryRun,
	repeatable,
	takesCommand,
	withDryRun,
	withForce,
	withJson,
	withListing,
} from './options.ts';

const actions = () => import('../commands/container.ts');
const running = () => import('../commands/container-run.ts');

export const containerCommands: Readonly<Record<string, Declaration>> = {
	create: (command) =>
		act<ContainerCreateOptions>(
			declareCreate(command.description('create a container')),
			async () => (await running()).create,
		),
	run: (command) =>
		act<RunOptions>(
			withDryRun(withAttach(declareCreate(command.description('create and start a container')))).option(
				'--rm',
				'remove the container when it has ended',
			),
			async () => (await running()).run,
		),
	start: (command) =>
		act<AttachOptions & DryRun>(
			withDryRun(withAttach(command.description('start stopped containers'))).argument('<CONTAINERS...>'),
			async () => (await running()).start,
		),
	exec: declareExec,
	restart: (command) =>
		act(command.description('restart containers').argument('<CONTAINERS...>'), async () => {
			return (await running()).restart;
		}),
	stop: declareStop,
	ls: (command) =>
		act<ContainerListing>(
			withListing(command.description('list containers'))
				.option('-a, --all', 'include stopped containers')
				.addOption(repeatable('-f, --filter <KEY=VALUE>', 'select by name, status, label, network or health')),
			async () => (await actions()).list,
		),
	inspect: (command) =>
		act(withJson(command.description('show details of a container')).argument('<CONTAINER>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act<{ force?: boolean }>(
			command
				.description('remove containers')
				.argument('<CONTAINERS...>')
				.option('-f, --force', 'stop running containers first'),
			async () => (await actions()).remove,
		),
	prune: (command) =>
		act<{ force?: boolean }>(withForce(command.description('remove all stopped containers')), async () => {
			return (await actions()).prune;
		}),
	update: declareUpdate,
	rename: (command) =>
		act(command.description('rename a container').argument('<CONTAINER>').argument('<NEW_NAME>'), async () => {
			return (await actions()).rename;
		}),
};

function declareCreate(command: Command): Command {
	return withContainerOptions(withEnvironment(takesCommand(command)), 'no')
		.argument('<IMAGE>')
		.argument('[COMMAND...]')
		.option('--name <NAME>', 'container name (default: random)')
		.option('-u, --user <USER>', "default user (default: the image's)")
		.addOption(
			repeatable('-m, --mount <MOUNT>', 'mount a volume, or a path if SOURCE contains /: SOURCE:DESTINATION[:rw|ro]'),
		)
		.addOption(repeatable('-J, --jailparam <PARAMETER>', 'set a jail parameter, e.g. allow.raw_sockets'))
		.option('-P, --persist', 'exclude the container from prune')
		.addOption(
			choice('-l, --driver <DRIVER>', 'network driver (default: host; with --network: ipnet)', [
				'host',
				'ipnet',
				'vnet',
				'disabled',
			]),
		)
		.addOption(repeatable('-n, --network <NETWORK>', 'connect to a network: NETWORK[,ip=ADDRESS][,alias=NAME]...'))
		.option('--ip <ADDRESS>', 'IPv4 address on the first network, or dhcp (default: next free)')
		.option('--ip6 <ADDRESS>', 'IPv6 address on the first network (default: next free)')
		.option('--mac <ADDRESS>', 'MAC address on the first network (default: derived from network and address)')
		.addOption(repeatable('--alias <NAME>', 'additional name on the first network'))
		.option('--bandwidth <RATE>', 'limit the rate in each direction, e.g. 100mbit')
		.addOption(repeatable('-p, --publish <PUBLISH>', 'publish a port: [IF:]HOST[:CONTAINER][/PROTO]'))
		.addOption(repeatable('--publish-from <CIDR>', 'accept connections to published ports from this subnet only'));
}

function withAttach(command: Command): Command {
	return command
		.option('-d, --detach', 'run in the background')
		.option('-i, --interactive', 'forward standard input')
		.option('-t, --tty', 'allocate a terminal');
}

function declareExec(command: Command): Command {
	const declared = withEnvironment(takesCommand(withAttach(command.description('run a command in a container'))))
		.argument('<CONTAINER>')
		.argument('[COMMAND...]')
		.option('-w, --workdir <PATH>', "working directory (default: the container's)")
		.option('-u, --user <USER>', "user (default: the container's)");
	return act<AttachOptions & ExecOptions>(declared, async () => (await running()).execute);
}

function declareStop(command: Command): Command {
	const declared = withDryRun(command.description('stop containers'))
		.argument('<CONTAINERS...>')
		.option('-t, --time <SECONDS>', 'time before processes are killed (default: 10)', seconds);
	return act<{ time?: number } & DryRun>(declared, async () => (await actions()).stop);
}

function seconds(text: string): number {
	const value = Number(text);
	if (!/^\d+(\.\d+)?$/.test(text) || value > 86_400) throw new InvalidArgumentError('Expected a number of seconds.');
	return value;
}

function declareUpdate(command: Command): Command {
	// Options are mostly typed after the container here, so a COMMAND with options of its own needs a `--` before it.
	const declared = withContainerOptions(
		withEnvironment(command.description('change settings of a container'), '; replaces the list'),
	)
		.argument('<CONTAINER>')
		.argument('[COMMAND...]', 'new command; put -- before a command that has options')
		.option('--name <NAME>', 'new name')
		.option('-u, --user <USER>', 'default user')
		.addOption(repeatable('-J, --jailparam <PARAMETER>', 'set a jail parameter; replaces the list'))
		.option('-P, --persist', 'exclude the container from prune')
		.option('--no-persist', 'include the container in prune');
	return act<ContainerUpdateOptions>(declared, async () => (await actions()).update);
}
