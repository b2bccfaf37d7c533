import { setImmediate } from 'node:timers/promises';
import type { HostActivity } from '#host/driver/activity.ts';
import type { DiskUsage } from '#model/activity/disk-usage.ts';
import type { ChangesRequest, FileChange } from '#model/activity/file-change.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import type { ContainerProcess } from '#model/activity/process.ts';
import type { ContainerUsage, NetworkCounters, UsageRequest } from '#model/activity/usage.ts';
import { groupsOf, membersOf, usageOf } from '#os/linux/accounting/cgroup.ts';
import { describeProcess, interfaceCounters, type NumberedProcess } from '#os/linux/accounting/process-table.ts';
import { overlayChanges } from '#os/linux/files/overlay-changes.ts';
import { isMountPoint } from '#os/linux/mounts.ts';
import { isAlive, type ProcessIdentity } from '#os/linux/process.ts';
import type { Paths } from '../paths.ts';
import { Bundle } from '../sandbox/bundle/bundle.ts';
import type { Logs } from '../sandbox/log/logs.ts';
import { signalCommand } from '../sandbox/processes.ts';
import { measure } from './disk-usage.ts';
import { LinuxFiles } from './files.ts';

/** Processes that are looked at in one turn of the event loop. */
const PER_TURN = 50;

/** What containers do and did. */
export class LinuxActivity implements HostActivity {
	readonly files: LinuxFiles;
	readonly #paths: Paths;
	readonly #logs: Logs;

	constructor(paths: Paths, logs: Logs) {
		this.#paths = paths;
		this.#logs = logs;
		// With the mounts that it has inside, volumes among them, while it runs.
		this.files = new LinuxFiles((container) => {
			const first = this.#sandbox(container).first;
			if (first !== undefined) return `/proc/${first.pid}/root`;
			const root = paths.containerRoot(container);
			return isMountPoint(root) ? root : undefined;
		});
	}

	log(request: LogRequest): AsyncIterable<LogBatch> {
		return this.#logs.read(request);
	}

	async signal(container: string, signal: NodeJS.Signals): Promise<boolean> {
		const { status, first } = this.#sandbox(container);
		return first !== undefined && signalCommand({ container, first, status }, signal);
	}

	/** The init of Kleene is not among them. */
	async processes(container: string): Promise<ContainerProcess[]> {
		const first = this.#sandbox(container).first?.pid;
		const groups = first === undefined ? undefined : groupsOf(first);
		const rows: NumberedProcess[] = [];
		for (const [index, pid] of (groups ? membersOf(groups) : []).entries()) {
			// There may be tens of thousands.
			if (index % PER_TURN === PER_TURN - 1) await setImmediate();
			const row = pid === first ? undefined : describeProcess(pid);
			if (row) rows.push(row);
		}
		const inside = new Map(rows.map(({ hostPid, pid }) => [hostPid, pid]));
		return rows
			.map((row) => ({ ...row, parent: inside.get(row.parent) ?? 0 }))
			.sort((left, right) => left.pid - right.pid);
	}

	diskUsage(): Promise<DiskUsage[]> {
		return measure(this.#paths);
	}

	async *changes({ container, layers }: ChangesRequest): AsyncGenerator<FileChange> {
		const lower = layers.map((layer) => this.#paths.layer(layer));
		for await (const { kind, path } of overlayChanges(this.#paths.containerChanges(container), lower))
			yield { kind, path: path.toString('utf8') };
	}

	async usage(requests: readonly UsageRequest[]): Promise<ContainerUsage[]> {
		return requests.flatMap(({ container, ownStack }) => {
			const first = this.#sandbox(container).first?.pid;
			const groups = first === undefined ? undefined : groupsOf(first);
			if (first === undefined || groups === undefined) return [];
			return [{ container, ...usageOf(groups), network: ownStack ? countersOf(first) : undefined }];
		});
	}

	#sandbox(container: string): { readonly status: string; readonly first: ProcessIdentity | undefined } {
		const bundle = new Bundle(this.#paths.bundle(container));
		const first = bundle.processes()?.first;
		return { status: bundle.status, first: first !== undefined && isAlive(first) ? first : undefined };
	}
}

function countersOf(pid: number): NetworkCounters {
	const sum = { receivedBytes: 0, receivedPackets: 0, sentBytes: 0, sentPackets: 0 };
	for (const { name, ...counters } of interfaceCounters(pid)) {
		if (name === 'lo') continue;
		for (const key of Object.keys(sum) as (keyof NetworkCounters)[]) sum[key] += counters[key];
	}
	return sum;
}
