import Type from 'typebox';
import { Attachable } from '#api/activity/attachments.ts';
import * as api from '#api/activity/processes.ts';
import { IdResponse } from '#api/shapes.ts';
import type { Engine } from '#engine/engine.ts';
import { parseSignal } from '#engine/operations/activity/processes.ts';
import type { NamedUsage } from '#engine/operations/activity/usage.ts';
import type { ContainerProcess } from '#model/activity/process.ts';
import type { App } from '../../http.ts';

const Ident = Type.Object({ container_id: Type.String() });

export function processRoutes(app: App, { activity }: Engine): void {
	app.route({
		method: 'GET',
		url: '/containers/:container_id/processes',
		schema: {
			description: 'ours: processes of a running container',
			params: Ident,
			response: { 200: Type.Array(api.ContainerProcess) },
		},
		config: { errors: [404, 409, 500] },
		handler: async ({ params }) => (await activity.processes.list(params.container_id)).map(presentProcess),
	});

	app.route({
		method: 'GET',
		url: '/containers/:container_id/attachable',
		schema: {
			description: 'ours: how the first process of a running container was started, for the stream /containers/attach',
			params: Ident,
			response: { 200: Attachable },
		},
		config: { errors: [404, 409, 500] },
		handler: async ({ params }) => activity.attachments.describe(params.container_id),
	});

	app.route({
		method: 'POST',
		url: '/containers/:container_id/kill',
		schema: {
			description: 'ours: sends a signal to the first process of a container',
			params: Ident,
			querystring: api.KillQuery,
			response: { 200: IdResponse },
		},
		config: { errors: [404, 409, 500], slow: true },
		handler: async ({ params, query }) => ({
			id: await activity.processes.kill(params.container_id, parseSignal(query.signal)),
		}),
	});

	app.route({
		method: 'GET',
		url: '/containers/usage',
		schema: {
			description: 'ours: what running containers used until now',
			querystring: api.UsageQuery,
			response: { 200: Type.Array(api.ContainerUsage) },
		},
		config: { errors: [404, 500] },
		handler: async ({ query }) => {
			const identifiers = (query.containers ?? '').split(',').filter((one) => one !== '');
			return (await activity.usage.measure(identifiers)).map(presentUsage);
		},
	});
}

function presentProcess(one: ContainerProcess): api.ContainerProcess {
	return {
		pid: one.pid,
		host_pid: one.hostPid,
		parent: one.parent,
		uid: one.uid,
		state: one.state,
		cpu_seconds: one.cpu,
		memory_bytes: one.memory,
		elapsed_seconds: one.elapsed,
		command: one.command,
	};
}

function presentUsage({ container, name, at, network, ...used }: NamedUsage): api.ContainerUsage {
	return {
		container_id: container,
		name,
		at: new Date(at).toISOString(),
		cpu_nanoseconds: used.cpu ?? null,
		memory_bytes: used.memory ?? null,
		memory_limit_bytes: used.memoryLimit ?? null,
		processes: used.processes ?? null,
		network: network
			? {
					received_bytes: network.receivedBytes,
					received_packets: network.receivedPackets,
					sent_bytes: network.sentBytes,
					sent_packets: network.sentPackets,
				}
			: null,
	};
}
