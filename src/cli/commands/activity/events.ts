import type { Action } from '../../invocation.ts';
import { parseTime } from '../../parse/time.ts';
import { bytes, whenWritable } from '../../render/output.ts';

export interface EventsOptions {
	readonly type: readonly string[];
	readonly container?: string;
	readonly network?: string;
	readonly since?: string;
	readonly until?: string;
}

/** One line of JSON for each event, as it happens. */
export const events: Action<EventsOptions> = async ({ options, client }) => {
	const { type, since, until, ...rest } = options;
	const query = {
		...rest,
		...(type.length === 0 ? {} : { type: type.join(',') }),
		...(since === undefined ? {} : { since: parseTime('--since', since) }),
		...(until === undefined ? {} : { until: parseTime('--until', until) }),
	};
	await client.activity.events(query, async (event) => {
		if (!bytes('stdout', Buffer.from(`${JSON.stringify(event)}\n`))) await whenWritable();
	});
};
