import type { ContainerSummary } from '#api/containers.ts';
import type { Image } from '#api/images.ts';
import { type KleeneClient, openClient } from '#client/client.ts';
import { ContextStore, NO_CONTEXT } from '../contexts/context-store.ts';
import type { Settings } from '../settings.ts';
import type { Names } from './assignments.ts';
import type { Candidate } from './candidates.ts';

const PATIENCE_MILLISECONDS = 1000;

/** Names that the daemon knows. */
export type DaemonNames = Exclude<Names, 'contexts'>;

export async function namesOf(kind: DaemonNames, { host, tls }: Settings): Promise<readonly Candidate[]> {
	const client = openClient({ host, tls, batch: true });
	const timer = setTimeout(() => client.close(), PATIENCE_MILLISECONDS);
	try {
		return await ask(client, kind);
	} finally {
		clearTimeout(timer);
		client.close();
	}
}

async function ask(client: KleeneClient, kind: DaemonNames): Promise<readonly Candidate[]> {
	switch (kind) {
		case 'containers':
			return (await client.containers.list({ all: true })).map(container);
		case 'running':
			return (await client.containers.list({ all: false })).map(container);
		case 'images':
			return (await client.images.list()).map(image);
		case 'volumes':
			return (await client.volumes.list()).map(({ name }) => ({ value: name, description: 'volume' }));
		case 'communicating':
			return (await Promise.all([ask(client, 'running'), ask(client, 'networks')])).flat();
		case 'objects': {
			const kinds = ['containers', 'images', 'networks', 'volumes'] as const;
			return (await Promise.all(kinds.map((one) => ask(client, one)))).flat();
		}
		case 'networks':
			return (await client.networks.list()).map(({ name, type, subnet }) => {
				return { value: name, description: `${type} ${subnet}`.trim() };
			});
	}
}

export function contexts(): readonly Candidate[] {
	const named = new ContextStore().names().map((value) => ({ value, description: 'context' }));
	return [{ value: NO_CONTEXT, description: 'no context' }, ...named];
}

function container({ id, name, image_name, running }: ContainerSummary): Candidate {
	return { value: name ?? id, description: `${image_name} ${running ? 'running' : 'stopped'}`.trim() };
}

function image({ id, name, tag }: Image): Candidate {
	if (name === '') return { value: id, description: 'image without a name' };
	return { value: tag === 'latest' ? name : `${name}:${tag}`, description: `image ${id}` };
}
