/** Every operation that changes a host or a store, with the requests that ask for it. A test compares with the API. */
import type { HostEvent } from '#host/driver.ts';
import { isOf } from '#model/part.ts';
import { connect, createContainer, EXECUTE, start } from '#test/engine/fixture.ts';
import { TESTNET_CONFIG } from '#test/engine/testnet.ts';
import { IMAGE, limited } from './furniture.ts';
import { type Daemon, FREE } from './mortal.ts';

export interface Operation {
	/** Requests that do this, e.g. `POST /networks/create`, `WS /exec/start`; empty for events of the host. */
	readonly routes: readonly string[];
	/** Sets the scene, beyond the furniture. */
	prepare?(daemon: Daemon): Promise<unknown>;
	run(daemon: Daemon): Promise<unknown>;
	/** Consists of several changes, each of which is done or not. */
	readonly piecewise?: boolean;
	/** Has no effect that lasts: the host is repaired. */
	readonly restores?: boolean;
}

const VOLUME = { type: 'volume', destination: '/srv', readOnly: false } as const;

/** On hosts of both kinds: a FreeBSD host has no such client yet, the engine knows nothing of that. */
function connectLeased({ engine }: Daemon): Promise<unknown> {
	return engine.endpoints.connect({ container: 'other', network: 'lan', ipAddress: 'dhcp', ipAddress6: '' }, EXECUTE);
}

const NETWORKS: Readonly<Record<string, Operation>> = {
	'network create': {
		routes: ['POST /networks/create'],
		run: ({ engine }) => engine.networks.create({ ...TESTNET_CONFIG, name: 'third', subnet: '10.4.8.0/24' }, EXECUTE),
	},
	'network create on a VLAN of an interface': {
		routes: ['POST /networks/create'],
		run: ({ engine }) =>
			engine.networks.create(
				{ ...TESTNET_CONFIG, name: 'third', subnet: '10.4.8.0/24', gateway: '', parent: FREE.name, vlan: 7 },
				EXECUTE,
			),
	},
	'network rm on an interface': {
		routes: ['DELETE /networks/{network_id}'],
		run: ({ engine }) => engine.networks.remove('lan', EXECUTE),
	},
	'network rm': {
		routes: ['DELETE /networks/{network_id}'],
		run: ({ engine }) => engine.networks.remove('spare', EXECUTE),
	},
	'network rm with members': {
		routes: ['DELETE /networks/{network_id}'],
		run: ({ engine }) => engine.networks.remove('second', EXECUTE),
		piecewise: true,
	},
	'network prune': {
		routes: ['POST /networks/prune'],
		run: ({ engine }) => engine.networks.prune(EXECUTE),
		piecewise: true,
	},
	'network connect': { routes: ['POST /networks/connect'], run: (daemon) => connect(daemon, 'web', 'spare') },
	'network connect that asks a DHCP server': {
		routes: ['POST /networks/connect'],
		run: connectLeased,
	},
	'network disconnect that gives an address back': {
		routes: ['POST /networks/{network_id}/disconnect/{container_id}'],
		prepare: connectLeased,
		run: ({ engine }) => engine.endpoints.disconnect({ network: 'lan', container: 'other' }, EXECUTE),
	},
	'network connect that takes the default route': {
		routes: ['POST /networks/connect'],
		run: ({ engine }) =>
			engine.endpoints.connect(
				{ container: 'web', network: 'spare', ipAddress: '<auto>', ipAddress6: '', defaultRoute: true },
				EXECUTE,
			),
	},
	'network disconnect': {
		routes: ['POST /networks/{network_id}/disconnect/{container_id}'],
		run: ({ engine }) => engine.endpoints.disconnect({ container: 'web', network: 'testnet' }, EXECUTE),
	},
	'network disconnect of an ipnet container': {
		routes: ['POST /networks/{network_id}/disconnect/{container_id}'],
		run: ({ engine }) => engine.endpoints.disconnect({ container: 'routed', network: 'testnet' }, EXECUTE),
	},
	'network doctor --repair': {
		routes: ['POST /networks/doctor/repair'],
		run: ({ engine }) => engine.doctor.repair(),
		restores: true,
	},
};

const CONTAINERS: Readonly<Record<string, Operation>> = {
	create: {
		routes: ['POST /containers/create'],
		run: (daemon) => createContainer(daemon, 'new', 'vnet', [{ ...VOLUME, source: 'new' }]),
	},
	run: {
		routes: ['WS /containers/run', 'POST /containers/run'],
		run: (daemon) => {
			const joining = { ipAddress: '<auto>', ipAddress6: '<auto>' };
			const request = {
				container: limited(daemon, 'new', [{ ...VOLUME, source: 'new' }]),
				joinings: ['testnet', 'spare'].map((network) => ({ ...joining, network })),
				command: { cmd: [], user: '', env: [], tty: false, stdin: false },
			};
			return daemon.engine.newContainers.run(request, { attach: true }, () => {});
		},
	},
	'container update': {
		routes: ['POST /containers/{container_id}/update'],
		run: ({ engine }) => engine.containers.update('web', { name: 'renamed' }),
	},
	rmc: { routes: ['DELETE /containers/{container_id}'], run: ({ engine }) => engine.containers.remove('idle') },
	'container prune': {
		routes: ['POST /containers/prune'],
		prepare: (daemon) => createContainer(daemon, 'idle2'),
		run: ({ engine }) => engine.containers.prune(),
		piecewise: true,
	},
	start: { routes: ['POST /exec/create', 'WS /exec/start'], run: (daemon) => start(daemon, 'idle') },
	'start of an ipnet container': {
		routes: ['WS /exec/start'],
		prepare: ({ engine }) => engine.containers.stop('routed', 0),
		run: (daemon) => start(daemon, 'routed'),
	},
	'start with the daemon': {
		routes: [],
		run: ({ engine }) => engine.containers.update('idle', { restartPolicy: 'on-startup' }),
	},
	exec: { routes: ['POST /exec/create', 'WS /exec/start'], run: (daemon) => start(daemon, 'web'), restores: true },
	stop: {
		routes: ['POST /containers/{container_id}/stop', 'POST /exec/{exec_id}/stop'],
		run: ({ engine }) => engine.containers.stop('other', 0),
	},
	'stop of an ipnet container': {
		routes: ['POST /containers/{container_id}/stop'],
		run: ({ engine }) => engine.containers.stop('routed', 0),
	},
};

const FILES: Readonly<Record<string, Operation>> = {
	'image create': {
		routes: ['WS /images/create'],
		run: ({ engine }) => engine.images.create({ ...IMAGE, tag: 'new' }, () => {}),
	},
	'image tag': {
		routes: ['POST /images/{image_id}/tag'],
		run: async ({ engine }) => engine.images.tag('spare', 'renamed:1'),
	},
	rmi: { routes: ['DELETE /images/{image_id}'], run: ({ engine }) => engine.images.remove('spare') },
	'image prune': { routes: ['POST /images/prune'], run: ({ engine }) => engine.images.prune(true) },
	commit: {
		routes: [],
		run: ({ engine, store }) => engine.layers.commit(store.containers.byName('idle')?.id ?? '', { cacheKey: 'step' }),
	},
	'volume create': { routes: ['POST /volumes/create'], run: ({ engine }) => engine.volumes.create('new') },
	rmv: { routes: ['DELETE /volumes/{volume_name}'], run: ({ engine }) => engine.volumes.remove('spare') },
	'volume prune': {
		routes: ['POST /volumes/prune'],
		prepare: ({ engine }) => engine.volumes.create('spare2'),
		run: ({ engine }) => engine.volumes.prune(),
		piecewise: true,
	},
	'system prune': {
		routes: ['POST /system/prune'],
		prepare: async ({ host }) => {
			for (const id of ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']) host.lost.set(`root-files ${id}`, { kind: 'container', id });
		},
		run: ({ engine }) => engine.pruning.run({ all: false, volumes: false }),
		piecewise: true,
	},
};

/** Requests that change neither the parts of a host nor a store, with the reason. */
export const HARMLESS: Readonly<Record<string, string>> = {
	'POST /containers/{container_id}/kill': 'signals a process; for a container that ends by it see sandbox-ended',
	'POST /containers/{container_id}/wait': 'waits',
	'PUT /containers/{container_id}/archive': 'writes files of a container',
	'WS /containers/attach': 'passes on what a process reads and writes',
	'POST /registries/login': 'keeps credentials',
	'POST /registries/logout': 'forgets them',
	'WS /images/push': 'reads',
	'POST /capture/{capture_id}/stop': 'ends a process that reads',
};

/** Requests whose plans need a registry, an archive or a build context, which the host in memory has not. */
export const OUT_OF_REACH: readonly string[] = [
	'WS /images/pull',
	'POST /images/load',
	'WS /images/build',
	'POST /images/build/context',
	'DELETE /images/build/context/{context_id}',
];

/** Waits for the reaction of an engine to an event, or the death of its daemon. */
async function until({ life }: Daemon, done: () => boolean): Promise<void> {
	for (let turns = 0; turns < 5000 && !life.dead && !done(); turns += 1)
		await new Promise((resolve) => setImmediate(resolve));
	if (!life.dead && !done()) throw new Error('the engine did not react to an event of its host');
}

const ENDS: Readonly<Record<string, Operation>> = {
	'end of a container of run --rm': {
		routes: [],
		prepare: async (daemon) => {
			const command = { cmd: [], user: '', env: [], tty: false, stdin: false };
			const container = { ...limited(daemon, 'brief', []), autoRemove: true };
			await daemon.engine.newContainers.run({ container, joinings: [], command }, { attach: true }, () => {});
		},
		run: (daemon) => {
			const { id } = daemon.store.containers.byName('brief')!;
			daemon.host.endContainer(id, 0);
			return until(daemon, () => !daemon.store.containers.get(id) || daemon.errors.length > 0);
		},
	},
};

const EVENTS: Readonly<Record<HostEvent['kind'], Operation>> = {
	'sandbox-ended': {
		routes: [],
		run: (daemon) => {
			const { store, host, engine, errors } = daemon;
			const { id } = store.containers.byName('other')!;
			host.endContainer(id, 3);
			return until(daemon, () => !engine.containers.inspect(id).running || errors.length > 0);
		},
	},
	reconnected: {
		routes: [],
		run: async (daemon) => {
			const { store, host, engine } = daemon;
			host.loseAt = 1;
			const lost = { ...TESTNET_CONFIG, name: 'lost', subnet: '10.4.8.0/24' };
			const refusal = await engine.networks.create(lost, EXECUTE).catch((error: unknown) => error);
			host.reconnect();
			await until(daemon, () => store.journal.unfinished().length === 0);
			return refusal;
		},
		restores: true,
	},
	'lease-changed': {
		routes: [],
		prepare: connectLeased,
		run: async ({ store, host }) => {
			const container = store.containers.byName('other')!.id;
			const { id: endpoint } = store.endpoints.find(container, store.networks.byName('lan')!.id)!;
			host.tell({ kind: 'lease-changed', container, endpoint, address: '10.4.9.77/24' });
		},
	},
	'firewall-changed': {
		routes: [],
		run: (daemon) => {
			const { host, errors } = daemon;
			const [count, troubles] = [host.parts.size, errors.length];
			for (const [identity, part] of host.parts) if (isOf('firewall', part)) host.parts.delete(identity);
			host.tell({ kind: 'firewall-changed' });
			return until(daemon, () => host.parts.size === count || errors.length > troubles);
		},
		restores: true,
	},
	'addressing-changed': {
		routes: [],
		run: (daemon) => {
			const { host } = daemon;
			const applied = host.applied.length;
			host.gatewayInterface = 'uplink1';
			host.uplinks = ['uplink0', 'uplink1'];
			host.tell({ kind: 'addressing-changed' });
			return until(daemon, () => host.applied.length > applied);
		},
		restores: true,
	},
};

/** By the words of klee, or the event of the host. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
	...NETWORKS,
	...CONTAINERS,
	...FILES,
	...ENDS,
	...EVENTS,
};
