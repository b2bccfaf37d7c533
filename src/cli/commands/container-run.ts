import type { KleeneClient } from '#client/client.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { headed, usageError } from '../failure.ts';
import { type Action, each } from '../invocation.ts';
import { randomName } from '../names.ts';
import { type ContainerCreateOptions, checkedEnvironment, commandOf, containerConfig } from '../parse/container.ts';
import { endPointConfig } from '../parse/network.ts';
import { line, warn } from '../render/output.ts';
import { type AttachOptions, startDetached, startExecution } from '../session/start.ts';

export const create: Action<ContainerCreateOptions> = async ({ args, options, client }) => {
	await createConnected(client, args, options);
};

export const run: Action<ContainerCreateOptions & AttachOptions> = async ({ args, options, client }) => {
	const container = await createConnected(client, args, options);
	await startExecution(client, { container, cmd: [], env: [], user: '' }, options);
};

async function createConnected(
	client: KleeneClient,
	[image = '', ...words]: readonly string[],
	options: ContainerCreateOptions,
): Promise<string> {
	const { network } = options;
	if (network === undefined && (options.ip ?? options.ip6 ?? options.alias?.[0]) !== undefined)
		warn('--ip, --ip6 and --alias count with --network only');
	if (options.publishFrom.length > 0 && options.publish.length === 0) warn('--publish-from counts with --publish only');
	const config = containerConfig(image, commandOf(words), options);
	const id = await createNamed(client, options.name, config).catch((error) => {
		throw headed('could not create container', error);
	});
	line(id);
	if (network !== undefined)
		await client.networks.connect(endPointConfig(network, id, options)).catch((error) => {
			throw headed('could not connect container', error);
		});
	return id;
}

const ATTEMPTS = 5;

/** A name that klee made up may be taken; then it makes up another. */
async function createNamed(
	client: KleeneClient,
	name: string | undefined,
	config: ReturnType<typeof containerConfig>,
): Promise<string> {
	if (name !== undefined) return client.containers.create({ ...config, name });
	for (let attempt = 1; ; attempt++) {
		try {
			return await client.containers.create({ ...config, name: randomName() });
		} catch (error) {
			if (attempt === ATTEMPTS || !isKleeneError(error) || error.code !== 'NAME_TAKEN') throw error;
		}
	}
}

export const start: Action<AttachOptions> = async ({ args, options, client }) => {
	const attached = !options.detach || options.interactive;
	if (attached && args.length > 1)
		throw usageError(
			'only one container can be started when attaching to container I/O.',
			'their output would be mixed up',
			'add --detach, or start them one by one',
		);
	await each(args, (container) => startExecution(client, { container, cmd: [], env: [], user: '' }, options));
};

export const execute: Action<AttachOptions & { env: string[]; user?: string }> = async ({ args, options, client }) => {
	const [container = '', ...words] = args;
	const env = checkedEnvironment(options.env);
	await startExecution(client, { container, cmd: commandOf(words), env, user: options.user ?? '' }, options);
};

export const restart: Action<object> = ({ args, client }) =>
	each(args, async (container) => {
		line(await stopOrFind(client, container));
		await startDetached(client, { container, cmd: [], env: [], user: '' });
	});

async function stopOrFind(client: KleeneClient, container: string): Promise<string> {
	try {
		return await client.containers.stop(container);
	} catch (error) {
		if (!isKleeneError(error) || error.message !== 'container not running') throw error;
		return (await client.containers.inspect(container)).container.id;
	}
}
