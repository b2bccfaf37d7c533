import type { LogQuery } from '#api/activity/logs.ts';
import type { HttpTransport } from '../http.ts';
import { type LogSink, readLogs } from './logs.ts';

export interface ActivityClient {
	/** Output that is kept, from the oldest on. Resolves at its end. */
	logs(container: string, query: LogQuery, sink: LogSink): Promise<void>;
}

export function activityClient(http: HttpTransport): ActivityClient {
	return {
		logs: (container, query, sink) => readLogs(http, container, query, sink),
	};
}
