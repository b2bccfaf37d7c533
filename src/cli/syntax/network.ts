import { type Command, InvalidArgumentError, Option } from 'commander';
import { act } from '../invocation.ts';
import { parseBoolean } from '../parse/boolean.ts';
import type { AddressOptions, NetworkCreateOptions } from '../parse/network.ts';
import { choice, repeatable, withDryRun, withForce, withJson } from './options.ts';
import type { Declaration } from './tree.ts';

const actions = () => import('../commands/network.ts');

/** Options whose value may be left out: a boolean word that follows is theirs, see `bindBooleans`. */
export const BOOLEAN_OPTIONS: ReadonlySet<string> = new Set(['--nat', '--icc']);

export const networkCommands: Readonly<Record<string, Declaration>> = {
	create: declareCreate,
	ls: (command) => act(withJson(command.description('list networks')), async () => (await actions()).list),
	inspect: (command) =>
		act(withJson(command.description('show everything about a network')).argument('<NETWORK>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act(
			withDryRun(command.description('remove networks; containers on them are disconnected first')).argument(
				'<NETWORKS...>',
			),
			async () => (await actions()).remove,
		),
	prune: (command) =>
		act(withDryRun(withForce(command.description('remove all networks that no container is on'))), async () => {
			return (await actions()).prune;
		}),
	connect: declareConnect,
	disconnect: (command) =>
		act(
			withDryRun(command.description('take a container off a network')).argument('<NETWORK>').argument('<CONTAINER>'),
			async () => (await actions()).disconnect,
		),
};

function declareCreate(command: Command): Command {
	command
		.description('create a network')
		.argument('<NAME>')
		.addOption(
			choice('-t, --type <TYPE>', 'what the network is on the host', ['loopback', 'bridge', 'custom']).default(
				'loopback',
			),
		)
		.option(
			'-i, --interface <INTERFACE>',
			'name of the interface to create; for custom: of the one to use',
			interfaceName,
		)
		.option('--subnet <CIDR>', 'IPv4 subnet, e.g. 10.4.6.0/24')
		.option('--subnet6 <CIDR>', 'IPv6 subnet')
		.option('--gw <ADDRESS>', `default router of vnet containers on a bridge; 'auto': first address, '': none`, 'auto')
		.option('--gw6 <ADDRESS>', 'the same for IPv6', 'auto')
		.addOption(booleanOption('--nat [BOOL]', 'translate the addresses of outgoing traffic'))
		.option('--no-nat', 'do not')
		.option(
			'--nat-if <INTERFACE>',
			"interface to do it on; default: the one of the host's default route",
			interfaceName,
		)
		.option('--nat6', 'translate IPv6, too')
		.addOption(booleanOption('--icc [BOOL]', 'let containers of the network talk to each other'))
		.option('--no-icc', 'do not')
		.option('--internal', 'let no traffic out of the network')
		.option('--no-dns', 'do not resolve the names of containers for each other')
		.option('--mtu <BYTES>', "largest packet; default: the uplink's", bytes);
	return act<NetworkCreateOptions & { dryRun?: boolean }>(withDryRun(command), async () => (await actions()).create);
}

function declareConnect(command: Command): Command {
	command
		.description('put a container on a network')
		.argument('<NETWORK>')
		.argument('<CONTAINER>')
		.option('--ip <ADDRESS>', 'IPv4 address; default: a free one')
		.option('--ip6 <ADDRESS>', 'IPv6 address; default: a free one')
		.option('--mac <ADDRESS>', 'MAC address inside; default: a stable one of its own')
		.addOption(repeatable('--alias <NAME>', 'another name for it on this network'))
		.option('--default-route', "take this network's gateway for the default route");
	return act<AddressOptions & { dryRun?: boolean }>(withDryRun(command), async () => (await actions()).connect);
}

function bytes(text: string): number {
	const value = Number(text);
	if (/^\d+$/.test(text) && value >= 68 && value <= 65_535) return value;
	throw new InvalidArgumentError('It is a number of bytes from 68 to 65535.');
}

/** What else a name may not be is for the daemon to say: it knows its host. */
function interfaceName(text: string): string {
	if (text.length <= 15) return text;
	throw new InvalidArgumentError('An interface name has 15 characters at most.');
}

function booleanOption(flags: string, description: string): Option {
	return new Option(flags, description).default(true, 'on').argParser((text: string) => {
		const value = parseBoolean(text);
		if (value === undefined) throw new InvalidArgumentError(`'${text}' is neither true nor false.`);
		return value;
	});
}
