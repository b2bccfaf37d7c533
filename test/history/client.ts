/** Performs operations with the client of klee and records what came of them. */
import assert from 'node:assert/strict';
import type { ContainerConfig, ContainerSummary } from '#api/containers.ts';
import { type KleeneClient, openClient } from '#client/client.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { containerName, driverOf, networkName, type Operation, portOf, volumeName } from './operations.ts';

/** What came of an operation. */
export interface Recorded {
	readonly client: number;
	readonly operation: Operation;
	/** Position in the order of all beginnings and ends. */
	readonly began: number;
	readonly ended: number;
	/** `ok`, or the code of the refusal. */
	readonly outcome: string;
	/** Of an `inspect-container` that was answered. */
	readonly seen?: { readonly running: boolean; readonly networks: readonly string[] };
}

export interface Service {
	/** Address of the daemon, as KLEE_HOST has it. */
	readonly host: string;
	readonly image: string;
	/** Command that runs until it is stopped. */
	readonly cmd: string[];
	/** The two first bytes of the subnets of networks. */
	readonly prefix: string;
}

/** Clients of one daemon, and the history of all that they did. */
export class Clients {
	readonly history: Recorded[] = [];
	readonly #service: Service;
	readonly #clients: KleeneClient[];
	/** By id: networks that somebody created. */
	readonly #networks = new Map<string, string>();
	#clock = 0;

	constructor(service: Service, count: number) {
		this.#service = service;
		this.#clients = Array.from({ length: count }, () => openClient({ host: service.host }));
	}

	/** The operations are dealt out, and each client performs its own one after the other. */
	async perform(operations: readonly Operation[]): Promise<void> {
		await Promise.all(
			this.#clients.map(async (client, index) => {
				const own = operations.filter((_, at) => at % this.#clients.length === index);
				for (const operation of own) await this.#record(client, index, operation);
			}),
		);
	}

	close(): void {
		for (const client of this.#clients) client.close();
	}

	async #record(client: KleeneClient, index: number, operation: Operation): Promise<void> {
		const began = this.#clock++;
		const { outcome, seen } = await this.#outcome(client, operation);
		const ended = this.#clock++;
		this.history.push({ client: index, operation, began, ended, outcome, ...(seen ? { seen } : {}) });
	}

	async #outcome(client: KleeneClient, operation: Operation): Promise<Pick<Recorded, 'outcome' | 'seen'>> {
		try {
			const seen = await this.#perform(client, operation);
			return { outcome: 'ok', ...(seen ? { seen } : {}) };
		} catch (error) {
			if (!isKleeneError(error)) throw error;
			assert.ok(!/^(INTERNAL|HOST_)/.test(error.code), `${JSON.stringify(operation)}: ${error.message}`);
			return { outcome: error.code };
		}
	}

	async #perform(client: KleeneClient, operation: Operation): Promise<Recorded['seen']> {
		switch (operation.kind) {
			case 'create-container':
				await client.containers.create(this.#configOf(operation.container));
				return undefined;
			case 'remove-container':
				await client.containers.remove(containerName(operation.container));
				return undefined;
			case 'start':
				await this.#start(client, containerName(operation.container));
				return undefined;
			case 'stop':
				await client.containers.stop(containerName(operation.container), { graceSeconds: 0 });
				return undefined;
			case 'inspect-container':
				return this.#inspect(client, containerName(operation.container));
			case 'list':
				requireDistinct(await client.containers.list({ all: true }));
				return undefined;
			case 'create-volume':
				await client.volumes.create(volumeName(operation.volume));
				return undefined;
			case 'remove-volume':
				await client.volumes.remove(volumeName(operation.volume));
				return undefined;
			default:
				return this.#performOnNetwork(client, operation);
		}
	}

	async #performOnNetwork(
		client: KleeneClient,
		operation: Extract<Operation, { readonly network: number }>,
	): Promise<undefined> {
		const network = networkName(operation.network);
		switch (operation.kind) {
			case 'create-network':
				return void this.#networks.set(await this.#createNetwork(client, operation.network), network);
			case 'remove-network':
				return void (await client.networks.remove(network));
			case 'inspect-network':
				return requireOwnAddresses((await client.networks.inspect(network)).network_endpoints);
			case 'disconnect':
				return client.networks.disconnect({
					network,
					container: containerName(operation.container),
				}) as Promise<undefined>;
			case 'connect': {
				const wanted = `${this.#service.prefix}.${operation.network}.${operation.address}`;
				const ip_address = operation.address === 0 ? '<auto>' : wanted;
				const container = containerName(operation.container);
				return client.networks.connect({ network, container, ip_address, ip_address6: '' }) as Promise<undefined>;
			}
		}
	}

	#createNetwork(client: KleeneClient, network: number): Promise<string> {
		return client.networks.create({
			name: networkName(network),
			type: 'bridge',
			subnet: `${this.#service.prefix}.${network}.0/28`,
			gateway: '<auto>',
			...{
				interface: '',
				subnet6: '',
				gateway6: '',
				nat: '',
				nat6: false,
				icc: true,
				internal: false,
				dns: true,
				mtu: 0,
			},
		});
	}

	#configOf(container: number): ContainerConfig {
		const port = portOf(container);
		const published = { interfaces: [], host_port: `${port}`, container_port: '80', protocol: 'tcp' as const };
		return {
			name: containerName(container),
			image: this.#service.image,
			cmd: this.#service.cmd,
			network_driver: driverOf(container),
			public_ports: port === undefined ? [] : [published],
		};
	}

	async #start({ executions }: KleeneClient, container_id: string): Promise<void> {
		const exec_id = await executions.create({ container_id, cmd: [], user: '', env: [], tty: false });
		await executions.startDetached({ exec_id, start_container: true });
	}

	async #inspect({ containers }: KleeneClient, name: string): Promise<Recorded['seen']> {
		const { container, container_endpoints } = await containers.inspect(name);
		requireOwnAddresses(container_endpoints);
		const networks = container_endpoints.map(({ network_id }) => this.#networks.get(network_id) ?? network_id);
		return { running: container.running, networks };
	}
}

/** No two containers have one name, and no two that run one port of the host. */
function requireDistinct(containers: readonly ContainerSummary[]): void {
	requireOnce(
		containers.map(({ name }) => name ?? ''),
		'name',
	);
	const published = containers.filter(({ running }) => running).flatMap(({ public_ports }) => public_ports);
	requireOnce(
		published.flatMap(({ host_port, ip_address }) => (ip_address === '' ? [] : host_port)),
		'port',
	);
}

function requireOwnAddresses(endpoints: readonly { readonly ip_address: string; readonly mac: string }[]): undefined {
	requireOnce(
		endpoints.map(({ ip_address }) => ip_address),
		'address',
	);
	requireOnce(
		endpoints.map(({ mac }) => mac),
		'MAC address',
	);
}

function requireOnce(values: readonly string[], what: string): void {
	const doubled = values.find((value, index) => values.indexOf(value) !== index);
	assert.equal(doubled, undefined, `${what} ${doubled} is there twice`);
}
