import { KleeneError } from '#errors/kleene-error.ts';
import type { HostActivity } from '#host/driver.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';

/** What containers do and did. */
export class FreebsdActivity implements HostActivity {
	// biome-ignore lint/correctness/useYield: it refuses, when it is read.
	async *log({ container }: LogRequest): AsyncGenerator<LogBatch> {
		throw new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what: `cannot show the output of container ${container}`,
			why: 'on FreeBSD hosts output is not kept yet',
			hint: 'start the container attached, without -d, to see what it writes',
		});
	}
}
