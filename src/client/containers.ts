import type { ContainerConfig, ContainerInspect, ContainerSummary, UpdateResponse } from '#api/containers.ts';
import type { CreateConfig, RunConfig, RunResponse } from '#api/runs.ts';
import type { IdResponse } from '#api/shapes.ts';
import type { Call, HttpTransport } from './http.ts';
import { plan } from './plan.ts';

export interface ContainersClient {
	/** @param options.all stopped ones too */
	list(options: { readonly all: boolean }): Promise<ContainerSummary[]>;
	/** @returns the id */
	create(config: CreateConfig): Promise<string>;
	/** Creates, connects and starts a container, or nothing of it. Resolves when its process has been started. */
	run(config: RunConfig): Promise<RunResponse>;
	inspect(container: string): Promise<ContainerInspect>;
	/** @returns the full id */
	remove(container: string): Promise<string>;
	/**
	 * @param options.graceSeconds how long processes may take to end before they are killed; absent: the daemon decides
	 * @returns the full id, when the container no longer runs
	 */
	stop(container: string, options?: { readonly graceSeconds?: number | undefined }): Promise<string>;
	/** Absent keys stay as they are. @returns the full id */
	update(container: string, config: ContainerConfig): Promise<UpdateResponse>;
	/** @returns the ids of the stopped containers that are gone */
	prune(): Promise<string[]>;
	/** Plan, one host command per line. Nothing is changed. */
	readonly plan: ContainerPlans;
}

export interface ContainerPlans {
	run(config: RunConfig): Promise<string[]>;
	stop(container: string): Promise<string[]>;
}

export function containersClient(http: HttpTransport): ContainersClient {
	return {
		list: ({ all }) =>
			http.call<ContainerSummary[]>({
				method: 'GET',
				path: ['containers', 'list'],
				query: { all },
				doing: 'list containers',
			}),
		create: async (config) =>
			(
				await http.call<IdResponse>({
					method: 'POST',
					path: ['containers', 'create'],
					body: config,
					doing: `create container ${config.name}`,
				})
			).id,
		inspect: (container) =>
			http.call<ContainerInspect>({
				method: 'GET',
				path: ['containers', container, 'inspect'],
				doing: `inspect container ${container}`,
			}),
		run: (config) => http.call<RunResponse>(running(config)),
		...changes(http),
		plan: {
			run: (config) => plan(http, running(config)),
			stop: (container) => plan(http, stopping(container)),
		},
	};
}

const running = (config: RunConfig): Call => ({
	method: 'POST',
	path: ['containers', 'run'],
	body: config,
	doing: `run container ${config.container.name}`,
});

const stopping = (container: string): Call => ({
	method: 'POST',
	path: ['containers', container, 'stop'],
	doing: `stop container ${container}`,
});

function changes(http: HttpTransport): Pick<ContainersClient, 'remove' | 'stop' | 'update' | 'prune'> {
	const id = async (answer: Promise<IdResponse>) => (await answer).id;
	return {
		remove: (container) =>
			id(http.call({ method: 'DELETE', path: ['containers', container], doing: `remove container ${container}` })),
		stop: (container, options) => id(http.call({ ...stopping(container), query: { grace: options?.graceSeconds } })),
		update: (container, config) =>
			http.call({
				method: 'POST',
				path: ['containers', container, 'update'],
				body: config,
				doing: `update container ${container}`,
			}),
		prune: () => http.call({ method: 'POST', path: ['containers', 'prune'], doing: 'remove stopped containers' }),
	};
}
