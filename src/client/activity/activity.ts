import type { Event, EventQuery } from '#api/activity/events.ts';
import type { LogQuery } from '#api/activity/logs.ts';
import type { FoundObject } from '#api/activity/objects.ts';
import type { HttpTransport } from '../http.ts';
import { followEvents, type LineSink } from './events.ts';
import { type LogSink, readLogs } from './logs.ts';

export interface ActivityClient {
	/** Output that is kept, from the oldest on. Resolves at its end. */
	logs(container: string, query: LogQuery, sink: LogSink): Promise<void>;
	/** What happens, from now or a time before on. Resolves at the end that the query asks for. */
	events(query: EventQuery, sink: LineSink<Event>): Promise<void>;
	/** Which object of any kind has a name or id. */
	find(identifier: string): Promise<FoundObject>;
}

export function activityClient(http: HttpTransport): ActivityClient {
	return {
		events: (query, sink) => followEvents(http, query, sink),
		find: (identifier) =>
			http.call({ method: 'GET', path: ['objects', 'find'], query: { identifier }, doing: `find ${identifier}` }),
		logs: (container, query, sink) => readLogs(http, container, query, sink),
	};
}
