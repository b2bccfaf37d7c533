import type { HostActivity, HostFiles } from '#host/driver/activity.ts';
import type { DiskUsage } from '#model/activity/disk-usage.ts';
import type { ChangesRequest, FileChange } from '#model/activity/file-change.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import type { ContainerProcess } from '#model/activity/process.ts';
import type { ContainerUsage, UsageRequest } from '#model/activity/usage.ts';

/** What a test says that containers did. */
export class FakeActivity implements HostActivity {
	readonly files: HostFiles = {
		status: async () => ({ kind: 'directory', size: 0, mode: 0o755 }),
		async *read() {
			yield Buffer.alloc(1024);
		},
		write: async () => {},
	};
	/** By container. */
	readonly logs = new Map<string, readonly LogBatch[]>();

	readonly processTable = new Map<string, readonly ContainerProcess[]>();
	readonly signals: string[] = [];

	async processes(container: string): Promise<ContainerProcess[]> {
		return [...(this.processTable.get(container) ?? [])];
	}

	async usage(requests: readonly UsageRequest[]): Promise<ContainerUsage[]> {
		const counted = { cpu: 1e9, memory: 1024, memoryLimit: undefined, processes: 1, network: undefined };
		return requests.map(({ container }) => ({ container, ...counted }));
	}

	/** By container. */
	readonly fileChanges = new Map<string, readonly FileChange[]>();

	async diskUsage(): Promise<DiskUsage[]> {
		return [];
	}

	async *changes({ container }: ChangesRequest): AsyncGenerator<FileChange> {
		yield* this.fileChanges.get(container) ?? [];
	}

	async signal(container: string, signal: NodeJS.Signals): Promise<boolean> {
		this.signals.push(`${signal} ${container}`);
		return true;
	}

	async *log({ container, follow, abandoned }: LogRequest): AsyncGenerator<LogBatch> {
		yield* this.logs.get(container) ?? [];
		if (follow)
			await new Promise<void>((resolve) => {
				for (const signal of [follow, abandoned])
					if (signal.aborted) resolve();
					else signal.addEventListener('abort', () => resolve(), { once: true });
			});
	}
}
