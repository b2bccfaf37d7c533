/**
 * A whole Linux host for one test file or for the demo: a network namespace, a root directory, and a real kleened that
 * manages them. `close` removes everything and fails when anything is left.
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Outcome, outputOf, run } from './command.ts';
import { DaemonHost, KLEENED } from './daemon-host.ts';
import type { HostInterface, HostUnderTest } from './host-contract.ts';
import { createNamespace, removeNamespace, within } from './network-namespace.ts';
import { cgroupsOf, difference, mounts, processesOf, type Snapshot, snapshotOfNetwork } from './snapshot.ts';

export { KLEE, KLEENED } from './daemon-host.ts';

export interface HostOptions {
	/** Gives the host what it is to have before kleened comes, e.g. an uplink, or files in its root directory. */
	readonly prepare?: (namespace: string, root: string) => Promise<void>;
	/** Whether kleened can fetch over the network of the machine, which the tests themselves are kept from. */
	readonly online?: boolean;
	/** Starts kleened, before its options, e.g. one with points of failure; default: as a user does. */
	readonly program?: readonly string[];
}

export class TestHost extends DaemonHost implements HostUnderTest {
	readonly image = 'Debian';
	/** Name of the network namespace that is this host's network. */
	readonly namespace: string;
	/** Its network before kleened came. */
	#before: Snapshot | undefined;
	/** Ids of all containers that it ever had: control groups carry no other mark of whose they are. */
	readonly #containers = new Set<string>();
	#watcher: FSWatcher | undefined;
	readonly #online: boolean;
	readonly #program: readonly string[];

	private constructor({ online = false, program = [KLEENED] }: HostOptions) {
		super();
		this.#online = online;
		this.#program = program;
		// With the name of the run's own folder, so that its namespaces are known from those of others.
		this.namespace = `kleene-${basename(dirname(this.folder))}-${process.pid}-${this.folder.slice(-6)}`;
	}

	static async start(options: HostOptions = {}): Promise<TestHost> {
		const host = new TestHost(options);
		try {
			await createNamespace(host.namespace);
			await options.prepare?.(host.namespace, host.root);
			host.#before = await snapshotOfNetwork(host.namespace);
			await host.startDaemon();
			host.#watcher = watch(join(host.root, 'containers'), { persistent: false }, (_, name) => {
				if (name !== null) host.#containers.add(name);
			});
		} catch (error) {
			await host.removeByForce();
			throw error;
		}
		return host;
	}

	/** The process of kleened, and what it starts, is on the network of the test run; it manages another one. */
	protected override command(): readonly string[] {
		const machine = process.env.KLEENE_TEST_MACHINE;
		return this.#online && machine !== undefined ? ['nsenter', `--net=${machine}`, ...this.#program] : this.#program;
	}

	protected place(): readonly string[] {
		return ['--netns', this.namespace];
	}

	/** Runs a command on this host's network, e.g. `ip link`. */
	inside(...argv: readonly string[]): Promise<Outcome> {
		return run([...within(this.namespace), ...argv]);
	}

	insideOutput(...argv: readonly string[]): Promise<string> {
		return outputOf([...within(this.namespace), ...argv]);
	}

	async interfaces(): Promise<HostInterface[]> {
		const links = JSON.parse(await this.insideOutput('ip', '-j', 'address')) as LinkJson[];
		return links.map(({ ifname, flags, master, addr_info }) => ({
			name: ifname,
			up: flags.includes('UP'),
			bridge: master ?? '',
			addresses: addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
		}));
	}

	ping(address: string): readonly string[] {
		return ['ping', '-c', '1', '-W', '3', address];
	}

	async answers(address: string): Promise<boolean> {
		return (await this.inside(...this.ping(address))).code === 0;
	}

	async changes(): Promise<string[]> {
		return this.#before ? difference(this.#before, await snapshotOfNetwork(this.namespace)) : [];
	}

	leftovers(): string[] {
		return [
			...mounts()
				.filter((line) => line.includes(this.root))
				.map((line) => `+ mount: ${line}`),
			...processesOf(this.root)
				.filter(({ pid, command }) => pid !== this.daemonPid && !this.#isKeeper(command))
				.map(({ pid, command }) => `+ process: ${pid} ${command}`),
			...cgroupsOf(this.#containers).map((path) => `+ cgroup: ${path}`),
		];
	}

	/** It belongs to the daemon, and so is there as long as that one is. */
	#isKeeper(command: string): boolean {
		return this.daemonPid !== undefined && command === `${this.root}/init keeper`;
	}

	/** Our processes by their ids, our mounts, our namespace. */
	protected async removeFromHost(): Promise<void> {
		this.#watcher?.close();
		for (const { pid } of processesOf(this.root)) {
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				// Gone meanwhile.
			}
		}
		const below = mounts().map((line) => line.split(' ')[1] ?? '');
		for (const path of below.filter((path) => path.startsWith(`${this.folder}/`)).reverse())
			await run(['umount', '--lazy', path]);
		await removeNamespace(this.namespace);
	}
}

/** ip-address(8), `ip -j address`. */
interface LinkJson {
	readonly ifname: string;
	readonly flags: readonly string[];
	readonly master?: string;
	readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}
