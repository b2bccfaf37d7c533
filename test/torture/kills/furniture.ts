/** The objects that operations begin with, and how a store looks to a user. */
import type { ContainerRequest } from '#engine/operations/container/creations.ts';
import { addressesOf } from '#model/endpoint.ts';
import type { Mount } from '#model/mount.ts';
import type { PublishedPort } from '#model/port.ts';
import { connect, createContainer, EXECUTE, start } from '#test/engine/fixture.ts';
import { TESTNET_CONFIG } from '#test/engine/testnet.ts';
import { thingsOn } from './consistency.ts';
import { type Daemon, FREE } from './mortal.ts';

const PORT: PublishedPort = { interfaces: [], hostPort: '8080', containerPort: '80', protocol: 'tcp' };
const VOLUME: Mount = { type: 'volume', source: 'data', destination: '/srv', readOnly: false };
export const IMAGE = {
	autotag: false,
	dns: false,
	localtime: false,
	update: false,
	source: { kind: 'distribution' },
} as const;

/** A request for a vnet container with a limit on its bandwidth, where the host has such limits. */
export function limited({ host }: Daemon, name: string, mounts: readonly Mount[]): ContainerRequest {
	return {
		...{ name, image: 'Base', cmd: ['/bin/true'], user: '', env: [], mounts, jailParam: [], networkDriver: 'vnet' },
		...{ publicPorts: [], publishFrom: [], restartPolicy: 'no', persist: false },
		bandwidth: host.facts().limitsRates ? 1_000_000 : 0,
	};
}

/**
 * Containers `web` (on two networks, with a port and a volume), `other` and `routed` (ipnet) run, `idle` does not and has
 * a volume too; network, image and volume `spare` are nobody's, neither
 * is network `lan` on an interface.
 */
export async function furnish(daemon: Daemon): Promise<void> {
	const { engine } = daemon;
	for (const tag of ['Base', 'spare']) await engine.images.create({ ...IMAGE, tag }, () => {});
	for (const [index, name] of ['testnet', 'second', 'spare'].entries())
		await engine.networks.create(
			{ ...TESTNET_CONFIG, name, subnet: `10.4.${index + 1}.0/24`, subnet6: `fd00:4:${index + 1}::/64` },
			EXECUTE,
		);
	await engine.networks.create(
		{ ...TESTNET_CONFIG, name: 'lan', subnet: '10.4.9.0/24', gateway: '', parent: FREE.name },
		EXECUTE,
	);
	await engine.volumes.create('spare');
	await createContainer(daemon, 'web', 'vnet', [VOLUME], [PORT]);
	for (const name of ['other', 'routed'] as const)
		await createContainer(daemon, name, name === 'routed' ? 'ipnet' : 'vnet');
	await engine.newContainers.create(limited(daemon, 'idle', [{ ...VOLUME, source: 'idle' }]));
	const first = { container: 'web', network: 'testnet', ipAddress: '<auto>', ipAddress6: '<auto>', defaultRoute: true };
	await engine.endpoints.connect(first, EXECUTE);
	for (const [name, network] of Object.entries({ web: 'second', other: 'testnet', routed: 'testnet', idle: 'second' }))
		await connect(daemon, name, network);
	for (const name of ['web', 'other', 'routed']) await start(daemon, name);
}

/** Containers that run from the beginning and are not touched but by an operation on them. */
export const RUNNING = ['web', 'other', 'routed'] as const;

/** A line for each object and what belongs to it, in names; ids, times and numbers of cables are by chance. */
export function viewOf({ store, engine, host }: Daemon): string[] {
	const networks = new Map(store.networks.list().map(({ id, name }) => [id, name]));
	return [
		...[...networks.values()].map((name) => `network ${name}`),
		...store.images.list().map(({ name, tag }) => `image ${name}:${tag}`),
		...store.layers.list().map(({ cacheKey }) => `layer ${cacheKey}`),
		...store.volumes.list().map(({ name }) => `volume ${name}`),
		...store.containers.list().flatMap(({ id, name }) => [
			`container ${name}`,
			...(engine.containers.inspect(id).running ? [`${name} runs`] : []),
			...store.endpoints.ofContainer(id).map((endpoint) => {
				const by = `${name} is on ${networks.get(endpoint.networkId)} as ${addressesOf(endpoint).join(', ')}`;
				return endpoint.defaultRoute ? `${by}, by default` : by;
			}),
		]),
		...[...host.lost.keys()].map((identity) => `lost ${identity}`),
	].sort();
}

/** Identities on the host, in names instead of ids and without numbers of cables; without lines in files of containers. */
export function onHost({ store, host }: Daemon): string[] {
	const layers = store.layers.list().map(({ id, cacheKey }) => ({ id, name: cacheKey || 'layer' }));
	const named = [...store.containers.list(), ...store.networks.list(), ...store.images.list(), ...layers];
	const translate = (text: string) => named.reduce((all, { id, name }) => all.replaceAll(id, name), text);
	return thingsOn(host).map(translate).map(withoutUnit).sort();
}

const withoutUnit = (identity: string) => identity.replace(/\bepair\d+/, 'epair');
