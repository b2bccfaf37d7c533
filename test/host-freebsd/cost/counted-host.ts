/** The far side made of scripts, with strace(1) at its daemon: what each operation costs there can be counted. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FarTestHost } from '../far/far-test-host.ts';
import { type Visit, visitsOf } from './cost.ts';
import { readTrace, tracing } from './strace.ts';

/** Milliseconds without a new process after which an operation is over: the ends of what it started come after its own. */
const QUIET = 700;

/** Why nothing can be counted on this machine; false: it can. */
export function cannotCount(): string | false {
	return existsSync('/usr/bin/strace') ? false : 'strace is not installed';
}

export class CountedHost {
	readonly host: FarTestHost;
	readonly #trace: string;

	private constructor(host: FarTestHost, trace: string) {
		this.host = host;
		this.#trace = trace;
	}

	static async start(): Promise<CountedHost> {
		const host = await FarTestHost.start((folder) => tracing(join(folder, 'trace')));
		// As on a host that loaded them when it was started.
		for (const rules of ['4', '5']) host.far.world.deviceRules.set(rules, ['hide']);
		return new CountedHost(host, join(host.folder, 'trace'));
	}

	#visits(): Visit[] {
		return visitsOf(readTrace(readFileSync(this.#trace, 'utf8')), this.host.far.bin);
	}

	/** What comes of the operation, also in visits of earlier ones. */
	async cost(operation: () => Promise<unknown>): Promise<Visit[]> {
		const before = new Map(this.#visits().map(({ line, forks }) => [line, forks.length]));
		await operation();
		let visits = this.#visits();
		for (let count = -1; count !== forksOf(visits).length; visits = this.#visits()) {
			count = forksOf(visits).length;
			await sleep(QUIET);
		}
		return visits
			.map((visit): Visit => {
				const known = before.get(visit.line);
				return known === undefined ? visit : { ...visit, kind: 'earlier', forks: visit.forks.slice(known) };
			})
			.filter(({ forks }) => forks.length > 0);
	}
}

export function forksOf(visits: readonly Visit[]): string[] {
	return visits.flatMap(({ forks }) => forks);
}
