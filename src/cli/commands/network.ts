import type { Network } from '#api/networks.ts';
import { type Action, each } from '../invocation.ts';
import { printList } from '../list/print.ts';
import { type AddressOptions, endPointConfig, type NetworkCreateOptions, networkConfig } from '../parse/network.ts';
import { renderJson } from '../render/json.ts';
import { line, planned } from '../render/output.ts';
import type { Column } from '../render/table.ts';
import type { DryRun, Listing } from '../syntax/options.ts';
import { confirmRemoval, printRemoved } from './prune.ts';

const COLUMNS: readonly Column<Network>[] = [
	{ title: 'ID', cell: ({ id }) => id },
	{ title: 'NAME', cell: ({ name }) => name, shrinks: true },
	{ title: 'TYPE', cell: ({ type }) => type },
	{ title: 'SUBNET', cell: ({ subnet }) => subnet },
];

export const create: Action<NetworkCreateOptions & DryRun> = async ({ args: [name = ''], options, client }) => {
	const config = networkConfig(name, options);
	if (options.dryRun) planned(await client.networks.plan.create(config));
	else line(await client.networks.create(config));
};

export const list: Action<Listing> = async ({ options, settings, client }) => {
	printList(await client.networks.list(), COLUMNS, ({ id }) => id, { options, settings });
};

export const inspect: Action<object> = async ({ args: [network = ''], client }) => {
	line(renderJson(await client.networks.inspect(network)));
};

export const remove: Action<DryRun> = ({ args, options, client }) =>
	each(args, async (network) => {
		if (options.dryRun) planned(await client.networks.plan.remove(network));
		else line(await client.networks.remove(network));
	});

export const prune: Action<DryRun & { force?: boolean }> = async ({ options, client }) => {
	if (options.dryRun) return planned(await client.networks.plan.prune());
	await confirmRemoval('unused networks', options);
	printRemoved(await client.networks.prune());
};

export const connect: Action<AddressOptions & DryRun> = async ({
	args: [network = '', container = ''],
	options,
	client,
}) => {
	const config = endPointConfig(network, container, options);
	if (options.dryRun) planned(await client.networks.plan.connect(config));
	else await client.networks.connect(config);
};

export const disconnect: Action<DryRun> = async ({ args: [network = '', container = ''], options, client }) => {
	const membership = { network, container };
	if (options.dryRun) planned(await client.networks.plan.disconnect(membership));
	else await client.networks.disconnect(membership);
};
