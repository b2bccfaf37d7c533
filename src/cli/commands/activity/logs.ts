import type { Action } from '../../invocation.ts';
import { parseTime } from '../../parse/time.ts';
import { bytes, warn, whenWritable } from '../../render/output.ts';

export interface LogsOptions {
	readonly follow?: boolean;
	readonly tail?: number;
	readonly since?: string;
	readonly until?: string;
	readonly timestamps?: boolean;
}

export const logs: Action<LogsOptions> = async ({ args: [container = ''], options, client }) => {
	const { since, until, ...rest } = options;
	const query = {
		...rest,
		...(since === undefined ? {} : { since: parseTime('--since', since) }),
		...(until === undefined ? {} : { until: parseTime('--until', until) }),
	};
	await client.activity.logs(container, query, async (stream, content) => {
		if (stream === 'notice') warn(content.toString());
		else if (!bytes(stream, content)) await whenWritable();
	});
};
