import type { Attachable } from '#api/activity/attachments.ts';
import type { FileChange, WaitResponse } from '#api/activity/changes.ts';
import type { Event, EventQuery } from '#api/activity/events.ts';
import type { LogQuery } from '#api/activity/logs.ts';
import type { FoundObject } from '#api/activity/objects.ts';
import type { ContainerProcess, ContainerUsage } from '#api/activity/processes.ts';
import type { IdResponse } from '#api/shapes.ts';
import type { HttpTransport } from '../http.ts';
import { followEvents, type LineSink, readLines } from './events.ts';
import { type FilesClient, filesClient } from './files.ts';
import { type LogSink, readLogs } from './logs.ts';

export interface ActivityClient extends FilesClient {
	/** Output that is kept, from the oldest on. Resolves at its end. */
	logs(container: string, query: LogQuery, sink: LogSink): Promise<void>;
	/** What happens, from now or a time before on. Resolves at the end that the query asks for. */
	events(query: EventQuery, sink: LineSink<Event>): Promise<void>;
	/** Files of a container that differ from its image, as they are found. */
	changes(container: string, sink: LineSink<FileChange>): Promise<void>;
	/** Resolves when the container has ended. */
	wait(container: string): Promise<WaitResponse>;
	/** How the first process of a running container was started. */
	attachable(container: string): Promise<Attachable>;
	/** Processes of a running container. */
	processes(container: string): Promise<ContainerProcess[]>;
	/** Signals the first process. @param signal `TERM`, `SIGTERM` or `15`; KILL ends the container. @returns the full id */
	kill(container: string, signal: string): Promise<string>;
	/** What running containers used until now. @param containers none: all */
	usage(containers: readonly string[]): Promise<ContainerUsage[]>;
	/** Which object of any kind has a name or id. */
	find(identifier: string): Promise<FoundObject>;
}

export function activityClient(http: HttpTransport): ActivityClient {
	return {
		events: (query, sink) => followEvents(http, query, sink),
		find: (identifier) =>
			http.call({ method: 'GET', path: ['objects', 'find'], query: { identifier }, doing: `find ${identifier}` }),
		attachable: (container) =>
			http.call({
				method: 'GET',
				path: ['containers', container, 'attachable'],
				doing: `attach to container ${container}`,
			}),
		...filesClient(http),
		changes: (container, sink) => {
			const doing = `list the changes of container ${container}`;
			return readLines(http, { method: 'GET', path: ['containers', container, 'changes'], doing }, sink);
		},
		wait: (container) =>
			http.call({
				method: 'POST',
				path: ['containers', container, 'wait'],
				doing: `wait for container ${container}`,
			}),
		processes: (container) =>
			http.call({
				method: 'GET',
				path: ['containers', container, 'processes'],
				doing: `list the processes of container ${container}`,
			}),
		kill: async (container, signal) =>
			(
				await http.call<IdResponse>({
					method: 'POST',
					path: ['containers', container, 'kill'],
					query: { signal },
					doing: `signal container ${container}`,
				})
			).id,
		usage: (containers) =>
			http.call({
				method: 'GET',
				path: ['containers', 'usage'],
				query: containers.length > 0 ? { containers: containers.join(',') } : {},
				doing: 'measure what containers use',
			}),
		logs: (container, query, sink) => readLogs(http, container, query, sink),
	};
}
