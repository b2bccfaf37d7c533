import type { ContainerConfig } from '#api/containers.ts';
import type { KleeneClient } from '#client/client.ts';
import { headed, isKleeneError } from '#errors/kleene-error.ts';
import { usageError } from '../failure.ts';
import { type Action, each } from '../invocation.ts';
import { type ContainerCreateOptions, checkedEnvironment, commandOf, containerConfig } from '../parse/container.ts';
import { endPointConfig, joiningConfig } from '../parse/network.ts';
import { randomName } from '../random-name.ts';
import { line, lines, planned, warn } from '../render/output.ts';
import { type AttachOptions, commandConfig, startDetached, startExecution } from '../session/start.ts';
import type { DryRun } from '../syntax/options.ts';

export const create: Action<ContainerCreateOptions> = async ({ args, options, client }) => {
	await createConnected(client, args, options);
};

export const run: Action<ContainerCreateOptions & AttachOptions & DryRun> = async ({ args, options, client }) => {
	if (options.dryRun) return lines(await planOfRun(client, args, options));
	const creation = createConnected(client, args, options);
	client.executions.prepare();
	const container = await creation;
	await startExecution(client, { container, ...OWN_COMMAND }, options);
};

/** Command of the container itself, not that of an additional execution. */
const OWN_COMMAND = { cmd: [], env: [], user: '' } as const;

async function createConnected(
	client: KleeneClient,
	words: readonly string[],
	options: ContainerCreateOptions,
): Promise<string> {
	const { network } = options;
	const config = configOf(words, options);
	const id = await named(options.name, (name) => client.containers.create({ ...config, name })).catch((error) => {
		throw headed('could not create container', error);
	});
	line(id);
	if (network !== undefined)
		await client.networks.connect(endPointConfig(network, id, options)).catch((error) => {
			throw headed('could not connect container', error);
		});
	return id;
}

/** One request for all that `run` asks for: a dry run leaves nothing that the next one could name. */
async function planOfRun(
	client: KleeneClient,
	words: readonly string[],
	options: ContainerCreateOptions & AttachOptions,
): Promise<string[]> {
	const { network, tty = false } = options;
	const config = configOf(words, options);
	const execution = commandConfig(OWN_COMMAND, tty);
	const endpoint = network !== undefined && { endpoint: joiningConfig(network, options) };
	return named(options.name, (name) =>
		client.containers.plan.run({ container: { ...config, name }, execution, ...endpoint }),
	);
}

function configOf([image = '', ...words]: readonly string[], options: ContainerCreateOptions): ContainerConfig {
	const { network, ip, ip6, mac, alias } = options;
	if (network === undefined && (ip ?? ip6 ?? mac ?? alias?.[0]) !== undefined)
		warn('--ip, --ip6, --mac and --alias count with --network only');
	if (options.publishFrom.length > 0 && options.publish.length === 0) warn('--publish-from counts with --publish only');
	return containerConfig(image, commandOf(words), options);
}

const ATTEMPTS = 5;

/** A name that klee made up may be taken; then it makes up another. */
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

export const execute: Action<AttachOptions & { env: string[]; user?: string }> = async ({ args, options, client }) => {
	const [container = '', ...words] = args;
	const env = checkedEnvironment(options.env);
	await startExecution(client, { container, cmd: commandOf(words), env, user: options.user ?? '' }, options);
};

export const restart: Action<object> = ({ args, client }) =>
	each(args, async (container) => {
		line(await stopOrFind(client, container));
		await startDetached(client, { container, ...OWN_COMMAND });
	});

async function stopOrFind(client: KleeneClient, container: string): Promise<string> {
	try {
		return await client.containers.stop(container);
	} catch (error) {
		if (!isKleeneError(error) || error.code !== 'CONTAINER_NOT_RUNNING') throw error;
		return (await client.containers.inspect(container)).container.id;
	}
}
