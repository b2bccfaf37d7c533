import type { ContainerConfig } from '#api/containers.ts';
import type { Joining } from '#api/endpoints.ts';
import type { KleeneClient } from '#client/client.ts';
import { headed, isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import { usageError } from '../failure.ts';
import { type Action, each } from '../invocation.ts';
import {
	type ContainerCreateOptions,
	commandOf,
	containerConfig,
	type ExecOptions,
	type RunOptions,
} from '../parse/container.ts';
import { environmentOf } from '../parse/environment.ts';
import { joiningsOf } from '../parse/network.ts';
import { randomName } from '../random-name.ts';
import { line, lines, planned, warn } from '../render/output.ts';
import { type AttachOptions, commandConfig, runContainer, startDetached, startExecution } from '../session/start.ts';
import type { DryRun } from '../syntax/options.ts';

export const create: Action<ContainerCreateOptions> = async ({ args, options, client }) => {
	const config = { ...configOf(args, options), ...endpointsOf(options) };
	line(await named(options.name, (name) => client.containers.create({ ...config, name })).catch(refused));
};

/** The daemon says so itself where it is a network that was refused. */
function refused(error: unknown): never {
	throw isKleeneError(error) && error.what.startsWith('could not ')
		? error
		: headed('could not create container', error);
}

export const run: Action<RunOptions> = async ({ args, options, client }) => {
	const container = configOf(args, options);
	const config = {
		...endpointsOf(options),
		execution: commandConfig(OWN_COMMAND, options.tty ?? false),
		...(options.rm && { remove: true }),
	};
	await named(options.name, async (name) => {
		const request = { container: { ...container, name }, ...config };
		if (options.dryRun) lines(await client.containers.plan.run(request));
		else await runContainer(client, request, options);
	});
};

/** Command of the container itself, not that of an additional execution. */
const OWN_COMMAND = { cmd: [], env: [], user: '' } as const;

function endpointsOf(options: ContainerCreateOptions): { endpoints?: Joining[] } {
	const endpoints = joiningsOf(options.network, options);
	return endpoints.length === 0 ? {} : { endpoints };
}

function configOf([image = '', ...words]: readonly string[], options: ContainerCreateOptions): ContainerConfig {
	const { network, ip, ip6, mac, alias } = options;
	if (network.length === 0 && (ip ?? ip6 ?? mac ?? alias?.[0]) !== undefined)
		warn('--ip, --ip6, --mac and --alias count with --network only');
	if (options.publishFrom.length > 0 && options.publish.length === 0) warn('--publish-from counts with --publish only');
	return containerConfig(image, commandOf(words), options);
}

const ATTEMPTS = 5;

/** A name that klee made up may be taken; then it makes up another. Nothing was created under the first. */
async function named<T>(given: string | undefined, request: (name: string) => Promise<T>): Promise<T> {
	if (given !== undefined) return request(given);
	for (let attempt = 1; ; attempt++) {
		try {
			return await request(randomName());
		} catch (error) {
			if (attempt === ATTEMPTS || !isKleeneError(error) || error.code !== 'NAME_TAKEN') throw error;
		}
	}
}

export const start: Action<AttachOptions & DryRun> = async ({ args, options, client }) => {
	const attached = !options.detach || options.interactive;
	if (attached && args.length > 1)
		throw usageError(
			'only one container can be started when attaching to container I/O.',
			'their output would be mixed up',
			'add --detach, or start them one by one',
		);
	await each(args, async (container) => {
		if (options.dryRun) planned(await planOfStart(client, container, options));
		else await startExecution(client, { container, ...OWN_COMMAND }, options);
	});
};

function planOfStart(client: KleeneClient, container: string, { tty = false }: AttachOptions): Promise<string[]> {
	return client.executions.plan({ container_id: container, ...commandConfig(OWN_COMMAND, tty) });
}

export const execute: Action<AttachOptions & ExecOptions> = async ({ args, options, client }) => {
	const [container = '', ...words] = args;
	const { user = '', workdir } = options;
	const own = { cmd: commandOf(words), env: environmentOf(options), user, ...(workdir && { workdir }) };
	await startExecution(client, { container, ...own }, options);
};

export const restart: Action<object> = ({ args, client }) =>
	each(args, async (container) => {
		await requireKept(client, container);
		line(await stopOrFind(client, container));
		await startDetached(client, { container, ...OWN_COMMAND });
	});

/** One of `run --rm` goes with the end of its run: there would be nothing to start. */
async function requireKept(client: KleeneClient, container: string): Promise<void> {
	const { container: found } = await client.containers.inspect(container);
	if (!found.auto_remove) return;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot restart container ${container}`,
		why: 'it was made with --rm, and is removed when it is stopped',
		hint: `remove it with "klee rmc -f ${container}" and run it again, or create it without --rm`,
	});
}

async function stopOrFind(client: KleeneClient, container: string): Promise<string> {
	try {
		return await client.containers.stop(container);
	} catch (error) {
		if (!isKleeneError(error) || error.code !== 'CONTAINER_NOT_RUNNING') throw error;
		return (await client.containers.inspect(container)).container.id;
	}
}
