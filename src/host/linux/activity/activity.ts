import type { HostActivity } from '#host/driver.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import type { Logs } from '../sandbox/log/logs.ts';

/** What containers do and did. */
export class LinuxActivity implements HostActivity {
	readonly #logs: Logs;

	constructor(logs: Logs) {
		this.#logs = logs;
	}

	log(request: LogRequest): AsyncIterable<LogBatch> {
		return this.#logs.read(request);
	}
}
