/**
 * A whole Linux host for one test file or for the demo: a network namespace, a root directory, and a real kleened that
 * manages them. `close` removes everything and fails when anything is left.
 */
import { type Outcome, outputOf, run } from './command.ts';
import { DaemonHost } from './daemon-host.ts';
import type { HostInterface, HostUnderTest } from './host-under-test.ts';
import { createNamespace, removeNamespace, within } from './network-namespace.ts';
import { difference, mounts, processesOf, type Snapshot, snapshotOfNetwork } from './snapshot.ts';

export { KLEE, KLEENED } from './daemon-host.ts';

export class TestHost extends DaemonHost implements HostUnderTest {
	readonly image = 'Debian';
	/** Name of the network namespace that is this host's network. */
	readonly namespace: string;
	/** Network of the host and of the machine before kleened came. */
	#before: { readonly host: Snapshot; readonly machine: Snapshot } | undefined;

	private constructor() {
		super();
		this.namespace = `kleene-${process.pid}-${this.folder.slice(-6)}`;
	}

	/** @param prepare gives the host what it is to have before kleened comes, e.g. an uplink */
	static async start(prepare?: (namespace: string) => Promise<void>): Promise<TestHost> {
		const host = new TestHost();
		try {
			await createNamespace(host.namespace);
			await prepare?.(host.namespace);
			host.#before = { host: await snapshotOfNetwork(host.namespace), machine: await snapshotOfNetwork() };
			await host.startDaemon();
		} catch (error) {
			await host.removeByForce();
			throw error;
		}
		return host;
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
		if (!this.#before) return [];
		return [
			...difference(this.#before.host, await snapshotOfNetwork(this.namespace)),
			...difference(this.#before.machine, await snapshotOfNetwork()).map((line) => `machine ${line}`),
		];
	}

	leftovers(): string[] {
		return [
			...mounts()
				.filter((line) => line.includes(this.root))
				.map((line) => `+ mount: ${line}`),
			...processesOf(this.root)
				.filter(({ pid, command }) => pid !== this.daemonPid && !this.#isKeeper(command))
				.map(({ pid, command }) => `+ process: ${pid} ${command}`),
		];
	}

	/** It belongs to the daemon, and so is there as long as that one is. */
	#isKeeper(command: string): boolean {
		return this.daemonPid !== undefined && command === `${this.root}/init keeper`;
	}

	/** Our processes by their ids, our mounts, our namespace. */
	protected async removeFromHost(): Promise<void> {
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
