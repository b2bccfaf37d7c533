/** What others wait for while many clients change things, and what hundreds of containers take. */
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHostWithImage } from '../../test/testbed/base-image.ts';
import type { TestHost } from '../../test/testbed/test-host.ts';
import { Clients, type Errand, NETWORK } from './clients.ts';
import { timed } from './timing.ts';

/** Milliseconds. */
const LONG = 10_000;
const SETTLING = 1000;
const BETWEEN_READS = 5;
/** Milliseconds after which the memory of an idle daemon is looked at. */
const IDLE = 20_000;

export const LOADS = [
	{ errand: 'create', clients: 20 },
	{ errand: 'run', clients: 20 },
	{ errand: 'create', clients: 150 },
	{ errand: 'run', clients: 150 },
] as const satisfies readonly { errand: Errand; clients: number }[];

export const CROWD = { containers: 300, clients: 8 } as const;

/** Milliseconds. */
export interface ReadFigures {
	readonly errand: Errand;
	readonly clients: number;
	readonly median: number;
	readonly p90: number;
	readonly p99: number;
	/** Of the errands of all clients, each second. */
	readonly rate: number;
}

export interface CrowdFigures {
	/** Seconds. */
	readonly started: number;
	readonly stopped: number;
	/** Milliseconds: median of listing them all. */
	readonly list: number;
	/** Descriptors of the daemon for each running container. */
	readonly descriptors: number;
	/** Resident memory of the daemon, MB: after its start, with all containers, after they were stopped. */
	readonly memory: readonly [fresh: number, crowded: number, after: number];
}

export interface LoadFigures {
	readonly reads: readonly ReadFigures[];
	readonly crowd: CrowdFigures;
}

/** On a host of its own, whose daemon is without the checks of the tests. */
export async function measureLoad(): Promise<LoadFigures> {
	const host = await startHostWithImage();
	try {
		await sleep(IDLE);
		const fresh = memoryOf(host);
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.0.0/16', NETWORK);
		const crowd = await measureCrowd(host, fresh);
		const reads: ReadFigures[] = [];
		for (const { errand, clients } of LOADS) reads.push(await measureReads(host, errand, clients));
		return { reads, crowd };
	} finally {
		await host.close();
	}
}

/** Reads one after the other while clients change things. */
export async function measureReads(host: TestHost, errand: Errand, clients: number): Promise<ReadFigures> {
	const others = await Clients.start({ socket: host.socket, errand, clients });
	await sleep(SETTLING);
	const agent = new Agent({ keepAlive: true });
	const times: number[] = [];
	const begun = performance.now();
	try {
		while (performance.now() - begun < LONG) {
			times.push(await timed(() => read(host, '/networks/list', agent)));
			await sleep(BETWEEN_READS);
		}
	} finally {
		agent.destroy();
	}
	const done = await others.stop();
	const rate = done.length / ((performance.now() - begun + SETTLING) / 1000);
	const sorted = times.toSorted((one, other) => one - other);
	const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
	return { errand, clients, median: at(0.5), p90: at(0.9), p99: at(0.99), rate };
}

async function measureCrowd(host: TestHost, fresh: number): Promise<CrowdFigures> {
	const { socket } = host;
	const { containers: count, clients } = CROWD;
	const before = descriptorsOf(host);
	let containers: readonly string[] = [];
	const start = async () => {
		containers = await (await Clients.start({ socket, errand: 'start', clients, containers: count })).done();
	};
	const started = (await timed(start)) / 1000;
	await sleep(SETTLING);
	const descriptors = (descriptorsOf(host) - before) / count;
	const crowded = memoryOf(host);
	const lists: number[] = [];
	for (let index = 0; index < 20; index += 1) lists.push(await timed(() => read(host, '/containers/list')));
	const stop = async () => {
		await (await Clients.start({ socket, errand: 'stop', clients, containers })).done();
	};
	const stopped = (await timed(stop)) / 1000;
	await host.kleeOutput('container', 'prune', '-f');
	await sleep(IDLE);
	const list = lists.toSorted((one, other) => one - other)[lists.length / 2] ?? Number.NaN;
	return { started, stopped, list, descriptors, memory: [fresh, crowded, memoryOf(host)] };
}

function read(host: TestHost, path: string, agent?: Agent): Promise<void> {
	const { socket: socketPath } = host;
	return new Promise((resolve, reject) => {
		const call = request({ socketPath, path, ...(agent ? { agent } : {}) }, (response) => {
			response.resume().once('end', resolve);
		});
		call.once('error', reject).end();
	});
}

/** Megabytes. */
function memoryOf({ daemonPid }: TestHost): number {
	const [, kilobytes] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${daemonPid}/status`, 'utf8')) ?? [];
	return Number(kilobytes) / 1000;
}

function descriptorsOf({ daemonPid }: TestHost): number {
	return readdirSync(`/proc/${daemonPid}/fd`).length;
}
