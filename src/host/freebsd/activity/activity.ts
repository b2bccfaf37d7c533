import type { HostActivity } from '#host/driver/activity.ts';
import type { DiskUsage } from '#model/activity/disk-usage.ts';
import type { ChangesRequest, FileChange } from '#model/activity/file-change.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import type { ContainerProcess } from '#model/activity/process.ts';
import type { ContainerUsage, UsageRequest } from '#model/activity/usage.ts';
import type { Shell } from '#os/shell/shell.ts';
import type { Paths } from '../paths.ts';
import { ask, askOne } from '../question.ts';
import { readLog } from '../sandbox/log/logs.ts';
import { StateDirectory } from '../sandbox/run-directory.ts';
import { changesSection } from './changes.ts';
import { diskUsageSection } from './disk-usage.ts';
import { FreebsdFiles } from './files.ts';
import { processesSection, signalSection } from './processes.ts';
import { countersSection, usageOf, usageSection } from './usage.ts';

/** What containers do and did. */
export class FreebsdActivity implements HostActivity {
	readonly files: FreebsdFiles;
	readonly #shell: Shell;
	readonly #state: StateDirectory;
	readonly #paths: Paths;

	constructor(shell: Shell, paths: Paths) {
		this.#shell = shell;
		this.#paths = paths;
		this.files = new FreebsdFiles(shell, paths);
		this.#state = new StateDirectory(paths.state());
	}

	log(request: LogRequest): AsyncIterable<LogBatch> {
		return readLog(this.#shell, this.#paths.log(request.container), request);
	}

	processes(container: string): Promise<ContainerProcess[]> {
		return askOne(this.#shell, processesSection(container));
	}

	async usage(requests: readonly UsageRequest[]): Promise<ContainerUsage[]> {
		if (requests.length === 0) return [];
		const counters = await askOne(this.#shell, countersSection);
		const measured = await ask(
			this.#shell,
			requests.map(({ container }) => usageSection(container)),
		);
		return requests.flatMap((request, index) => {
			const usage = measured[index];
			return usage === undefined ? [] : [usageOf(request, usage, counters)];
		});
	}

	diskUsage(): Promise<DiskUsage[]> {
		return askOne(this.#shell, diskUsageSection(this.#paths));
	}

	async *changes({ container }: ChangesRequest): AsyncGenerator<FileChange> {
		yield* await askOne(this.#shell, changesSection(this.#paths, container));
	}

	signal(container: string, signal: NodeJS.Signals): Promise<boolean> {
		return askOne(this.#shell, signalSection(this.#state.run(container), container, signal), { repeatable: false });
	}
}
