import type { FoundObject } from '#api/activity/objects.ts';
import type { KleeneClient } from '#client/client.ts';
import { type Action, each } from '../../invocation.ts';
import { renderJson } from '../../render/json.ts';
import { line } from '../../render/output.ts';

/** Details of objects of any kind, as JSON. */
export const inspect: Action<object> = ({ args, client }) =>
	each(args, async (identifier) => line(renderJson(await detailsOf(client, await client.activity.find(identifier)))));

function detailsOf(client: KleeneClient, { kind, id }: FoundObject): Promise<unknown> {
	switch (kind) {
		case 'container':
			return client.containers.inspect(id);
		case 'image':
			return client.images.inspect(id);
		case 'network':
			return client.networks.inspect(id);
		case 'volume':
			return client.volumes.inspect(id);
	}
}
