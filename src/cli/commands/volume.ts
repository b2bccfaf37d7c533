import type { Volume } from '#api/volumes.ts';
import { type Action, each } from '../invocation.ts';
import { printList } from '../list/print.ts';
import { age } from '../render/age.ts';
import { renderJson } from '../render/json.ts';
import { line } from '../render/output.ts';
import type { Column } from '../render/table.ts';
import type { Listing } from '../syntax/options.ts';
import { confirmRemoval, printRemoved } from './prune.ts';

function columns(now: number): readonly Column<Volume>[] {
	return [
		{ title: 'VOLUME NAME', cell: ({ name }) => name, shrinks: true },
		{ title: 'CREATED', cell: ({ created }) => age(created, now), shrinks: true },
	];
}

export const create: Action<object> = async ({ args: [name = ''], client }) => {
	line(await client.volumes.create(name));
};

export const list: Action<Listing> = async ({ options, settings, client }) => {
	printList(await client.volumes.list(), columns(Date.now()), ({ name }) => name, { options, settings });
};

export const inspect: Action<object> = async ({ args: [volume = ''], client }) => {
	line(renderJson(await client.volumes.inspect(volume)));
};

export const remove: Action<object> = ({ args, client }) =>
	each(args, async (volume) => line(await client.volumes.remove(volume)));

export const prune: Action<{ force?: boolean }> = async ({ options, client }) => {
	await confirmRemoval('unused volumes', options);
	printRemoved(await client.volumes.prune());
};
