import { type Command, InvalidArgumentError } from 'commander';
import { act } from '../invocation.ts';
import type { ContainerCreateOptions, ContainerUpdateOptions } from '../parse/container.ts';
import type { AttachOptions } from '../session/start.ts';
import { choice, type DryRun, repeatable, takesCommand, withDryRun, withForce, withJson } from './options.ts';
import type { Declaration } from './tree.ts';

const actions = () => import('../commands/container.ts');
const running = () => import('../commands/container-run.ts');

export const containerCommands: Readonly<Record<string, Declaration>> = {
	create: (command) =>
		act<ContainerCreateOptions>(
			declareCreate(command.description('create a container')),
			async () => (await running()).create,
		),
	run: (command) =>
		act<ContainerCreateOptions & AttachOptions & DryRun>(
			withDryRun(withAttach(declareCreate(command.description('create a container and start it')))),
			async () => (await running()).run,
		),
	start: (command) =>
		act<AttachOptions & DryRun>(
			withDryRun(withAttach(command.description('start containers with their own commands'))).argument(
				'<CONTAINERS...>',
			),
			async () => (await running()).start,
		),
	exec: declareExec,
	restart: (command) =>
		act(command.description('stop containers and start them again').argument('<CONTAINERS...>'), async () => {
			return (await running()).restart;
		}),
	stop: declareStop,
	ls: (command) =>
		act<{ all?: boolean; json?: boolean }>(
			withJson(command.description('list containers')).option('-a, --all', 'stopped ones too'),
			async () => (await actions()).list,
		),
	inspect: (command) =>
		act(withJson(command.description('show everything about a container')).argument('<CONTAINER>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act<{ force?: boolean }>(
			command.description('remove containers').argument('<CONTAINERS...>').option('-f, --force', 'stop those that run'),
			async () => (await actions()).remove,
		),
	prune: (command) =>
		act<{ force?: boolean }>(withForce(command.description('remove all stopped containers')), async () => {
			return (await actions()).prune;
		}),
	update: declareUpdate,
	rename: (command) =>
		act(
			command.description('give a container another name').argument('<CONTAINER>').argument('<NEW_NAME>'),
			async () => {
				return (await actions()).rename;
			},
		),
};

function declareCreate(command: Command): Command {
	return takesCommand(command)
		.argument('<IMAGE>')
		.argument('[COMMAND...]')
		.option('--name <NAME>', 'name of the container; default: a random one')
		.option('-u, --user <USER>', "default user; default: the image's")
		.addOption(repeatable('-e, --env <NAME=VALUE>', 'environment variable'))
		.addOption(
			repeatable('-m, --mount <MOUNT>', 'SOURCE:DESTINATION[:rw|ro]; a source with / is a path, else a volume'),
		)
		.addOption(repeatable('-J, --jailparam <PARAMETER>', 'jail parameter, e.g. allow.raw_sockets'))
		.option('-P, --persist', 'keep this container when pruning')
		.addOption(choice('--restart <POLICY>', 'when to start it by itself', ['no', 'on-startup']).default('no'))
		.addOption(
			choice('-l, --driver <DRIVER>', 'network driver; default: host, with --network: ipnet', [
				'host',
				'ipnet',
				'vnet',
				'disabled',
			]),
		)
		.option('-n, --network <NETWORK>', 'network to connect to')
		.option('--ip <ADDRESS>', 'IPv4 address on that network; default: a free one')
		.option('--ip6 <ADDRESS>', 'IPv6 address on that network; default: a free one')
		.option('--mac <ADDRESS>', 'MAC address on that network; default: a stable one of its own')
		.addOption(repeatable('--alias <NAME>', 'another name for it on that network'))
		.option('--bandwidth <RATE>', 'most that it sends and receives, e.g. 100mbit')
		.addOption(repeatable('-p, --publish <PUBLISH>', '[IF:]HOST[:CONTAINER][/PROTO]'))
		.addOption(repeatable('--publish-from <CIDR>', 'let only these sources use the published ports'));
}

function withAttach(command: Command): Command {
	return command
		.option('-d, --detach', 'do not wait for the process')
		.option('-i, --interactive', 'send standard input to the process')
		.option('-t, --tty', 'give the process a terminal');
}

function declareExec(command: Command): Command {
	const declared = takesCommand(withAttach(command.description('run a command in a container')))
		.argument('<CONTAINER>')
		.argument('[COMMAND...]')
		.addOption(repeatable('-e, --env <NAME=VALUE>', 'environment variable'))
		.option('-u, --user <USER>', "user; default: the container's");
	return act<AttachOptions & { env: string[]; user?: string }>(declared, async () => (await running()).execute);
}

function declareStop(command: Command): Command {
	const declared = withDryRun(command.description('stop containers'))
		.argument('<CONTAINERS...>')
		.option('-t, --time <SECONDS>', 'how long processes may take to end before they are killed; default: 10', seconds);
	return act<{ time?: number } & DryRun>(declared, async () => (await actions()).stop);
}

function seconds(text: string): number {
	const value = Number(text);
	if (!/^\d+(\.\d+)?$/.test(text) || value > 86_400) throw new InvalidArgumentError('It is no number of seconds.');
	return value;
}

function declareUpdate(command: Command): Command {
	// Options are mostly typed after the container here, so a COMMAND with options of its own needs a `--` before it.
	const declared = command
		.description('change a container; what is not named stays as it is')
		.argument('<CONTAINER>')
		.argument('[COMMAND...]', 'new command; write -- before one that has options')
		.option('--name <NAME>', 'new name')
		.option('-u, --user <USER>', 'default user')
		.addOption(repeatable('-e, --env <NAME=VALUE>', 'environment variable; replaces the whole list'))
		.addOption(repeatable('-J, --jailparam <PARAMETER>', 'jail parameter; replaces the whole list'))
		.option('-P, --persist', 'keep this container when pruning')
		.option('--no-persist', 'do not')
		.addOption(choice('--restart <POLICY>', 'when to start it by itself', ['no', 'on-startup']));
	return act<ContainerUpdateOptions>(declared, async () => (await actions()).update);
}
