import type { Volume } from '#api/volumes.ts';
import { type Action, each } from '../invocation.ts';
import { age } from '../render/age.ts';
import { renderJson } from '../render/json.ts';
import { line, lines, terminalWidth } from '../render/output.ts';
import { type Column, renderTable } from '../render/table.ts';
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

export const list: Action<{ json?: boolean }> = async ({ options, settings, client }) => {
	const volumes = await client.volumes.list();
	if (options.json) line(renderJson(volumes));
	else lines(renderTable(columns(Date.now()), volumes, { theme: settings.theme, width: terminalWidth() }));
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
