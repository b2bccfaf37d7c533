import type { ContainerSummary } from '#api/containers.ts';
import type { KleeneClient } from '#client/client.ts';
import type { ErrorCode } from '#errors/codes.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { usageError } from '../failure.ts';
import { type Action, each } from '../invocation.ts';
import { containerFilter } from '../list/container-filter.ts';
import { printList } from '../list/print.ts';
import { type ContainerUpdateOptions, commandOf, containerChanges } from '../parse/container.ts';
import { age } from '../render/age.ts';
import { renderJson } from '../render/json.ts';
import { errorText, line, planned } from '../render/output.ts';
import type { Column } from '../render/table.ts';
import type { DryRun, Listing } from '../syntax/options.ts';
import { confirmRemoval, printRemoved } from './prune.ts';

function columns(now: number): readonly Column<ContainerSummary>[] {
	return [
		{ title: 'CONTAINER ID', cell: ({ id }) => id },
		{ title: 'NAME', cell: ({ name }) => name ?? '', shrinks: true },
		{ title: 'IMAGE', cell: imageOf, shrinks: true },
		{ title: 'COMMAND', cell: commandText, shrinks: true, maximum: 40 },
		{ title: 'CREATED', cell: ({ created }) => age(created, now), shrinks: true },
		{ title: 'AUTORUN', cell: (row) => autorun(row), centred: true },
		{ title: 'STATUS', cell: (row) => statusOf(row, now), shrinks: true },
		{ title: 'JID', cell: ({ jid }) => (jid === null ? '' : String(jid)) },
	];
}

/** A restart policy starts containers with the daemon, too. The daemon of the original Kleene has none. */
function autorun({ restart_policy, options }: ContainerSummary): string {
	if (restart_policy === 'on-startup') return 'yes';
	return (options as ContainerSummary['options'] | undefined)?.restart ?? 'no';
}

/** The daemon of the original Kleene tells no `end` and no `health`. */
function statusOf({ running, health, end }: Pick<ContainerSummary, 'running' | 'health' | 'end'>, now: number): string {
	if (running) return health ? `running (${health})` : 'running';
	if (!end) return 'stopped';
	const code = end.exit_code === null ? '' : ` (${end.exit_code})`;
	return `${end.reason.replaceAll('-', ' ')}${code} ${age(end.at, now).replace(/^[AL]/, (letter) => letter.toLowerCase())}`;
}

function imageOf({ image_id, image_name, image_tag }: ContainerSummary): string {
	return image_name === '' ? image_id : `${image_name}:${image_tag}`;
}

/** A container of a build has no command yet. */
function commandText({ cmd }: { readonly cmd: readonly string[] | null }): string {
	return cmd === null ? 'Dockerfile' : cmd.join(' ');
}

export interface ContainerListing extends Listing {
	readonly all?: boolean;
	readonly filter: readonly string[];
}

export const list: Action<ContainerListing> = async ({ options, settings, client }) => {
	const { networks, stopped, matches } = containerFilter(options.filter);
	const members = await membersOf(client, networks);
	const containers = await client.containers.list({ all: options.all === true || stopped });
	const wanted = containers.filter((one) => matches(one) && (members === undefined || members.has(one.id)));
	printList(wanted, columns(Date.now()), ({ id }) => id, { options, settings });
};

/** Ids of the containers on any of these networks; undefined: none was named. */
async function membersOf(client: KleeneClient, networks: readonly string[]): Promise<Set<string> | undefined> {
	if (networks.length === 0) return undefined;
	const inspected = await Promise.all(networks.map((network) => client.networks.inspect(network)));
	return new Set(inspected.flatMap(({ network_endpoints: ends }) => ends.map(({ container_id: id }) => id)));
}

export const inspect: Action<object> = async ({ args: [container = ''], client }) => {
	line(renderJson(await client.containers.inspect(container)));
};

export const stop: Action<{ time?: number } & DryRun> = ({ args, options, client }) =>
	each(args, async (container) => {
		if (options.dryRun) planned(await client.containers.plan.stop(container));
		else line(await client.containers.stop(container, { graceSeconds: options.time }));
	});

export const remove: Action<{ force?: boolean }> = ({ args, options, client }) =>
	each(args, async (container) => {
		const stopped = options.force ? await client.containers.stop(container).catch(unlessStopped) : undefined;
		line(await client.containers.remove(container).catch(unlessGone(stopped)));
	});

/** A container of `run --rm` is removed by being stopped. @param id of one that was stopped */
function unlessGone(id: string | undefined): (error: unknown) => string {
	return (error) => {
		if (id === undefined || !isKleeneError(error) || error.code !== 'NO_SUCH_CONTAINER') throw error;
		return id;
	};
}

const STOPPED: ReadonlySet<ErrorCode> = new Set(['CONTAINER_NOT_RUNNING', 'NO_SUCH_CONTAINER']);

/** A container that does not run needs no stop; one that does not exist is for the removal to say. */
function unlessStopped(error: unknown): undefined {
	const expected = isKleeneError(error) && STOPPED.has(error.code);
	if (!expected) throw error;
}

export const prune: Action<{ force?: boolean }> = async ({ options, client }) => {
	await confirmRemoval('stopped containers', options);
	printRemoved(await client.containers.prune());
};

export const update: Action<ContainerUpdateOptions> = async ({ args: [container = '', ...words], options, client }) => {
	const changes = containerChanges(commandOf(words), options);
	if (Object.keys(changes).length === 0)
		throw usageError(
			'there is nothing to update',
			'no option and no COMMAND was given',
			'see klee container update --help',
		);
	const { id, pending = [] } = await client.containers.update(container, changes);
	line(id);
	if (pending.length > 0) errorText(`${container} runs: ${pending.map(nameOf).join(', ')} at its next start\n`);
};

/** `jail_param`: the option says jail parameters. */
const nameOf = (key: string) => (key === 'jail_param' ? 'jail parameters' : key);

export const rename: Action<object> = async ({ args: [container = '', name = ''], client }) => {
	line((await client.containers.update(container, { name })).id);
};
