import { Engine } from '#engine/engine.ts';
import { FakeHost } from '#host/fake/driver.ts';
import type { Mount } from '#model/mount.ts';
import type { PublishedPort } from '#model/port.ts';
import { Store } from '#store/store.ts';
// Tests of the API start with this fixture too.
import '#test/testbed/openapi/response-check.ts';

export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export const EXECUTE = { dryRun: false };

/** An engine on a host in memory, with an image. A second engine on the same host and store is a restarted daemon. */
export async function startEngine(host = new FakeHost(), store = Store.inMemory()) {
	const engine = new Engine(store, host, SILENT);
	await engine.start();
	if (engine.images.list().length === 0) await createImage(engine);
	return { engine, host, store };
}

/** The image `Base`, that containers of this fixture are made of. */
export async function createImage(engine: Engine): Promise<void> {
	const source = { kind: 'distribution' } as const;
	const options = { tag: 'Base', autotag: false, dns: false, localtime: false, update: false };
	await engine.images.create({ source, ...options }, () => {});
}

type Fixture = Awaited<ReturnType<typeof startEngine>>;

export function createContainer(
	{ engine }: Fixture,
	name: string,
	networkDriver: 'vnet' | 'ipnet' | 'host' = 'vnet',
	mounts: readonly Mount[] = [],
	publicPorts: readonly PublishedPort[] = [],
) {
	return engine.newContainers.create({
		name,
		image: 'Base',
		cmd: ['/bin/true'],
		user: '',
		env: [],
		mounts,
		jailParam: [],
		networkDriver,
		publicPorts,
		publishFrom: [],
		restartPolicy: 'no',
		persist: false,
		bandwidth: 0,
	});
}

export function connect({ engine }: Fixture, container: string, network: string, ipAddress = '<auto>') {
	return engine.endpoints.connect({ container, network, ipAddress, ipAddress6: '<auto>' }, EXECUTE);
}

export function start({ engine }: Fixture, container: string) {
	const execution = engine.executions.create({ container, cmd: [], user: '', env: [], tty: false });
	return engine.executions.start(execution, { attach: true, startContainer: true, stdin: false }, () => {});
}

/** Identities of what is on the host, in alphabetical order. */
export function onHost({ host }: Fixture): string[] {
	return [...host.parts.keys()].sort();
}
