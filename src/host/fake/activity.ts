import type { HostActivity } from '#host/driver.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';

/** What a test says that containers did. */
export class FakeActivity implements HostActivity {
	/** By container. */
	readonly logs = new Map<string, readonly LogBatch[]>();

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
