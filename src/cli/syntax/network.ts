import { type Command, InvalidArgumentError, Option } from 'commander';
import { act } from '../invocation.ts';
import { parseBoolean } from '../parse/boolean.ts';
import type { AddressOptions, NetworkCreateOptions } from '../parse/network.ts';
import {
	choice,
	type Declaration,
	type Listing,
	repeatable,
	withDryRun,
	withForce,
	withJson,
	withListing,
} from './options.ts';

const actions = () => import('../commands/network.ts');

/** Options whose value may be left out: a boolean word that follows is theirs, see `bindBooleans`. */
export const BOOLEAN_OPTIONS: ReadonlySet<string> = new Set(['--nat', '--icc']);

export const networkCommands: Readonly<Record<string, Declaration>> = {
	create: declareCreate,
	ls: (command) => act<Listing>(withListing(command.description('list networks')), async () => (await actions()).list),
	inspect: (command) =>
		act(withJson(command.description('show details of a network')).argument('<NETWORK>'), async () => {
			return (await actions()).inspect;
		}),
	rm: (command) =>
		act(
			withDryRun(command.description('remove networks and disconnect their containers')).argument('<NETWORKS...>'),
			async () => (await actions()).remove,
		),
	prune: (command) =>
		act(withDryRun(withForce(command.description('remove all unused networks'))), async () => {
			return (await actions()).prune;
		}),
	connect: declareConnect,
	disconnect: (command) =>
		act(
			withDryRun(command.description('disconnect a container from a network'))
				.argument('<NETWORK>')
				.argument('<CONTAINER>'),
			async () => (await actions()).disconnect,
		),
};

function declareCreate(command: Command): Command {
	command
		.description('create a network')
		.argument('<NAME>')
		.addOption(choice('-t, --type <TYPE>', 'network type', ['loopback', 'bridge', 'custom']).default('loopback'))
		.option('-i, --interface <INTERFACE>', 'interface to create; with --type custom: interface to use', interfaceName)
		.option('--subnet <CIDR>', 'IPv4 subnet, e.g. 10.4.6.0/24')
		.option('--subnet6 <CIDR>', 'IPv6 subnet')
		.option(
			'--gw <ADDRESS>',
			`gateway of vnet containers: an address, 'auto' (first of the subnet, none with --parent) or '' (none)`,
			'auto',
		)
		.option('--gw6 <ADDRESS>', 'IPv6 gateway, like --gw', 'auto')
		.addOption(booleanOption('--nat [BOOL]', 'enable NAT for outgoing IPv4 traffic'))
		.option('--no-nat', 'disable NAT')
		.option(
			'--nat-if <INTERFACE>',
			"limit NAT to an interface (default: any that the host's routes use)",
			interfaceName,
		)
		.option('--nat6', 'enable NAT for outgoing IPv6 traffic')
		.addOption(booleanOption('--icc [BOOL]', 'allow traffic between containers of the network'))
		.option('--no-icc', 'forbid traffic between containers of the network')
		.option('--internal', 'forbid traffic to and from other networks')
		.option('--no-dns', 'disable name resolution for the network')
		.option('--mtu <BYTES>', 'MTU (default: that of the uplink)', bytes)
		.option('--ip-range <CIDR>', 'part of the IPv4 subnet that addresses are handed out from')
		.option('--ip-range6 <CIDR>', 'part of the IPv6 subnet that addresses are handed out from')
		.option('--parent <INTERFACE>', 'interface of the host that becomes a port of the bridge', interfaceName)
		.option('--vlan <ID>', 'VLAN of the parent that becomes the port instead (1 to 4094)', vlanId)
		.option('--host-ip <ADDRESS>', 'IPv4 address of the host, where the gateway is a router')
		.option('--host-ip6 <ADDRESS>', 'IPv6 address of the host, where the gateway is a router');
	return act<NetworkCreateOptions & { dryRun?: boolean }>(withDryRun(command), async () => (await actions()).create);
}

function declareConnect(command: Command): Command {
	command
		.description('connect a container to a network')
		.argument('<NETWORK>')
		.argument('<CONTAINER>')
		.option('--ip <ADDRESS>', 'IPv4 address, or dhcp (default: next free)')
		.option('--ip6 <ADDRESS>', 'IPv6 address (default: next free)')
		.option('--mac <ADDRESS>', 'MAC address (default: derived from network and address)')
		.addOption(repeatable('--alias <NAME>', 'additional name on the network'))
		.option('--default-route', 'use the gateway of this network for the default route');
	return act<AddressOptions & { dryRun?: boolean }>(withDryRun(command), async () => (await actions()).connect);
}

function bytes(text: string): number {
	const value = Number(text);
	if (/^\d+$/.test(text) && value >= 68 && value <= 65_535) return value;
	throw new InvalidArgumentError('Expected a number of bytes from 68 to 65535.');
}

function vlanId(text: string): number {
	const value = Number(text);
	if (/^\d+$/.test(text) && value >= 1 && value <= 4094) return value;
	throw new InvalidArgumentError('Expected a number from 1 to 4094.');
}

/** Checks the length alone: the daemon knows what else its host forbids. */
function interfaceName(text: string): string {
	if (text.length <= 15) return text;
	throw new InvalidArgumentError('Interface names have at most 15 characters.');
}

function booleanOption(flags: string, description: string): Option {
	return new Option(flags, description).default(true, 'on').argParser((text: string) => {
		const value = parseBoolean(text);
		if (value === undefined) throw new InvalidArgumentError(`'${text}' is not a boolean: expected true or false.`);
		return value;
	});
}
