/**
 * A real host on which operations are cut short, with containers that run all the time. After each one: what runs is what
 * ran, doctor finds nothing, and when the operation is taken back the host is as it was, to the last rule and mount.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { difference, type Snapshot, snapshotOfNetwork } from '#test/testbed/snapshot.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { Faults } from './faults.ts';
import { type Typed, undo } from './operations.ts';

interface Listed {
	readonly id: string;
	readonly name: string;
	readonly running: boolean;
	readonly jid: number | null;
}

const COUNT = 'i=0; while :; do i=$((i+1)); echo $i >/root/count; sleep 0.05; done';

/** Folders below the root directory that have one entry for each object. */
const FOLDERS = ['containers', 'volumes', 'layers', 'records/containers', 'records/networks', 'lost+found'];

export class Bench {
	readonly host: TestHost;
	readonly faults: Faults;
	#baseline: Snapshot = new Map();

	private constructor(host: TestHost, faults: Faults) {
		this.host = host;
		this.faults = faults;
	}

	static async start(): Promise<Bench> {
		const faults = new Faults();
		const host = await startHostWithImage(undefined, { program: faults.program });
		const bench = new Bench(host, faults);
		try {
			await bench.#furnish();
		} catch (error) {
			await bench.close();
			throw error;
		}
		return bench;
	}

	async #furnish(): Promise<void> {
		for (const [name, third] of Object.entries({ one: 6, two: 7 })) {
			const subnets = ['--subnet', `10.4.${third}.0/24`, '--subnet6', `fd00:4:${third}::/64`];
			await this.host.kleeOutput('network', 'create', '-t', 'bridge', ...subnets, name);
		}
		const count = ['Debian', '/bin/sh', '-c', COUNT];
		await this.host.kleeOutput('run', '-d', '--name', 'web', '-l', 'vnet', '-n', 'one', '-p', '8080:80', ...count);
		await this.host.kleeOutput('run', '-d', '--name', 'routed', '-l', 'ipnet', '-n', 'two', ...count);
		this.#baseline = await this.#look();
	}

	/** All that Kleene has on the host, in its root directory, and says that it has. */
	async #look(): Promise<Snapshot> {
		const network = await snapshotOfNetwork(this.host.namespace);
		const containers = await this.containers();
		const ofDaemon = (line: string) => line.includes('conmon') || line.includes(this.host.root);
		return new Map([
			...network,
			['container', containers.map((one) => JSON.stringify(one))],
			['on the host', this.host.leftovers().filter((line) => ofDaemon(line) || line.includes('cgroup'))],
			...FOLDERS.map((name) => [name, entriesOf(join(this.host.root, name)).filter(isNoRecord)] as const),
			['listed', [await this.view()]],
		]);
	}

	containers(): Promise<Listed[]> {
		return this.host.kleeJson<Listed[]>('lsc', '-a');
	}

	/** Networks, containers and volumes by name, to tell whether an operation was done. */
	async view(): Promise<string> {
		const lists = await Promise.all(['lsn', 'lsv'].map((word) => this.host.kleeJson<{ name: string }[]>(word)));
		const networks = lists[0]?.map(({ name }) => name) ?? [];
		const members = await Promise.all(
			networks.map((name) => this.host.kleeJson<{ network_endpoints: unknown[] }>('isn', name)),
		);
		return JSON.stringify([
			networks.map((name, index) => `${name} ${members[index]?.network_endpoints.length}`).sort(),
			lists[1]?.map(({ name }) => name).sort(),
			(await this.containers()).map(({ name, running }) => `${name} ${running}`).sort(),
		]);
	}

	async prepare({ prepare = [] }: Typed): Promise<void> {
		for (const words of prepare) await this.host.kleeOutput(...words);
	}

	/** Lines for what is not as it should be after a fault, as long as the operation is not taken back. */
	async troubles(): Promise<string[]> {
		const doctor = await this.host.klee('network', 'doctor');
		return doctor.code === 0 ? [] : [`doctor: ${doctor.stdout}${doctor.stderr}`];
	}

	/** Takes the operation back. @returns lines for what differs from before */
	async restore(typed: Typed): Promise<string[]> {
		const counts = this.#counts(await this.containers());
		await undo(this.host, typed);
		for (const start = performance.now(); ; ) {
			const left = difference(this.#baseline, await this.#look());
			const still = this.#counts(await this.containers());
			const stuck = Object.keys(counts).filter((name) => still[name] === counts[name]);
			if (left.length === 0 && stuck.length === 0) return [];
			// conmon tells of the end of a container before it ends itself.
			if (performance.now() - start > 5000) return [...left, ...stuck.map((name) => `${name} counts no more`)];
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}

	/** How far the containers have counted that run all the time; without one that is writing its count. */
	#counts(containers: readonly Listed[]): Record<string, string> {
		const counting = containers.filter(({ name, jid }) => jid !== null && ['web', 'routed'].includes(name));
		const counts = counting.map(
			({ name, jid }) => [name, readFileSync(`/proc/${jid}/root/root/count`, 'utf8')] as const,
		);
		return Object.fromEntries(counts.filter(([, count]) => count !== ''));
	}

	/**
	 * Removes what an operation that could not be taken back has left, as a user would: a new daemon finds files that nobody knows,
	 * and the files of a volume belong to the next one of its name.
	 */
	async reset(): Promise<void> {
		await this.restart();
		await this.host.klee('network', 'doctor', '--repair');
		for (const name of entriesOf(join(this.host.root, 'volumes'))) {
			await this.host.klee('volume', 'create', name);
			await this.host.klee('volume', 'rm', name);
		}
		await this.host.klee('system', 'prune', '-f');
	}

	async restart(): Promise<void> {
		await this.host.stopDaemon();
		await this.host.startDaemon();
	}

	async close(): Promise<void> {
		this.faults.order();
		await this.host.close();
		this.faults.close();
	}
}

/**
 * A daemon that is killed between the removal of a network and that of its record leaves the record, and the next one
 * cannot tell it from that of a network that its database lost: it goes to lost+found, see docs/reliability.md.
 */
function isNoRecord(entry: string): boolean {
	return !/^(network|image|layer)-[0-9a-f]{12}\.json$/.test(entry);
}

function entriesOf(folder: string): string[] {
	try {
		return readdirSync(folder).sort();
	} catch {
		// Nothing was ever put there.
		return [];
	}
}
