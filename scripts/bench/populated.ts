/** A host with a number of endpoints on one bridge and a number of published ports, and containers to measure with. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '#engine/engine.ts';
import type { NetworkDriver } from '#model/container.ts';
import type { PublishedPort } from '#model/port.ts';
import { closeNamespace, createNamespace } from '#os/linux/netns.ts';
import { Store } from '#store/store.ts';
import { outputOf } from '../../test/testbed/command.ts';
import { type BareHost, openBareHost } from './bare-host.ts';

export interface Population {
	readonly name: string;
	readonly endpoints: number;
	/** Published by its containers in equal shares. */
	readonly ports: number;
	/** Besides the one that the containers are on. */
	readonly networks?: number;
}

export const NETWORK = 'bench';
/** Below them all of the population, from them on the ports of the containers to measure with. */
const FIRST_OF_PROBES = 50_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
/** The way out of the host, so that networks have an uplink. */
const UPLINK = [
	'ip link set lo up',
	'ip link add uplink0 type veth peer name far0',
	'ip link set uplink0 up',
	'ip link set far0 up',
	'ip address add 192.0.2.1/24 dev uplink0',
	'ip route add default via 192.0.2.2',
].join('\n');

export class PopulatedHost {
	readonly population: Population;
	readonly engine: Engine;
	readonly driver: BareHost;
	readonly #store: Store;
	readonly #folder: string;
	readonly #namespace: number;

	private constructor(
		population: Population,
		made: { store: Store; driver: BareHost; folder: string; namespace: number },
	) {
		this.population = population;
		this.#store = made.store;
		this.driver = made.driver;
		this.#folder = made.folder;
		this.#namespace = made.namespace;
		this.engine = new Engine(made.store, made.driver, SILENT);
	}

	/** The namespace has no name: it ends with this process at the latest, and all that is in it. */
	static async start(population: Population): Promise<PopulatedHost> {
		const folder = mkdtempSync(join(tmpdir(), 'kb-'));
		const namespace = createNamespace();
		const path = `/proc/${process.pid}/fd/${namespace}`;
		await outputOf(['nsenter', `--net=${path}`, 'sh', '-ec', UPLINK]);
		const root = join(folder, 'root');
		mkdirSync(root);
		const driver = await openBareHost(root, path);
		const host = new PopulatedHost(population, { store: Store.open(root), driver, folder, namespace });
		await host.#populate();
		return host;
	}

	async #populate(): Promise<void> {
		const { engine, population } = this;
		await engine.start();
		const source = { kind: 'distribution' } as const;
		await engine.images.create(
			{ source, tag: 'Base', autotag: false, dns: false, localtime: false, update: false },
			() => {},
		);
		await this.#network(NETWORK, '10.4.0.0/16');
		for (let index = 0; index < (population.networks ?? 0); index += 1)
			await this.#network(`other${index}`, `10.${100 + (index >> 8)}.${index & 255}.0/24`);
		const share = Math.floor(population.ports / population.endpoints);
		for (let index = 0; index < population.endpoints; index += 1) {
			const first = 10_000 + index * share;
			const name = `filler${index}`;
			await this.create(name, 'vnet', share === 0 ? [] : [range(first, share)]);
			await this.connect(name);
			await this.start(name);
		}
		for (const [name, driver, ports] of [
			['vnet', 'vnet', []],
			['ipnet', 'ipnet', []],
			['one', 'vnet', [range(FIRST_OF_PROBES, 1)]],
			['many', 'vnet', [range(FIRST_OF_PROBES + 1, 200)]],
		] as const) {
			await this.create(name, driver, ports);
			await this.start(name);
		}
	}

	#network(name: string, subnet: string): Promise<unknown> {
		const blocks = { subnet, subnet6: '', gateway: '<auto>', gateway6: '', nat: '<host-gateway>' };
		const kind = { type: 'bridge', interface: '', icc: true, internal: false, dns: true, mtu: 0, nat6: false } as const;
		return this.engine.networks.create({ name, ...kind, ...blocks }, { dryRun: false });
	}

	create(name: string, networkDriver: NetworkDriver, publicPorts: readonly PublishedPort[]): Promise<string> {
		const lists = { cmd: ['/bin/true'], env: [], mounts: [], jailParam: [], publishFrom: [] };
		const limits = { restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
		return this.engine.newContainers.create({
			name,
			image: 'Base',
			user: '',
			networkDriver,
			publicPorts,
			...lists,
			...limits,
		});
	}

	async start(name: string): Promise<void> {
		const id = this.engine.executions.create({ container: name, cmd: [], user: '', env: [], tty: false });
		await this.engine.executions.start(id, { attach: false, startContainer: true, stdin: false }, () => {});
	}

	connect(container: string): Promise<unknown> {
		const request = { container, network: NETWORK, ipAddress: '<auto>', ipAddress6: '' };
		return this.engine.endpoints.connect(request, { dryRun: false });
	}

	disconnect(container: string): Promise<unknown> {
		return this.engine.endpoints.disconnect({ container, network: NETWORK }, { dryRun: false });
	}

	/** The kernel takes down what was in the namespaces once nobody holds them. */
	async close(): Promise<void> {
		await this.driver.close();
		this.#store.close();
		closeNamespace(this.#namespace);
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

function range(first: number, count: number): PublishedPort {
	const text = count === 1 ? [String(first), '80'] : [`${first}:${first + count - 1}`, '1000:*'];
	return { interfaces: [], hostPort: text[0] ?? '', containerPort: text[1] ?? '', protocol: 'tcp' };
}
