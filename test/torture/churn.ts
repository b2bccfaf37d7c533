/**
 * A day of coming and going, compressed: containers, execution instances, connections, networks and volumes are made and
 * removed without a pause. What the daemon holds is measured at the end of each of 24 hours, and must not grow.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { type Budget, type Figures, messageOfFailure, type Part } from './part.ts';

const HOURS = 24;
const LANES = 3;

export const churn: Part = {
	name: 'churn',
	what: 'a day of containers, networks and volumes that come and go, compressed; memory, descriptors, database stay flat',
	minutes: 20,
	run: (budget) => churnFor(budget, HOURS),
};

/** What a daemon holds. */
interface Holding {
	/** Bytes. */
	readonly memory: number;
	readonly descriptors: number;
	/** Bytes, with the write-ahead log. */
	readonly database: number;
}

/** Growth from the middle third of the hours to the last one: a part of the former, and what is allowed on top. */
const ALLOWED: Readonly<Record<keyof Holding, { readonly part: number; readonly more: number }>> = {
	memory: { part: 0.1, more: 8 * 1024 * 1024 },
	descriptors: { part: 0, more: 3 },
	database: { part: 0.25, more: 512 * 1024 },
};

export async function churnFor(budget: Budget, hours: number): Promise<Figures> {
	const host = await startHostWithImage();
	const failures: string[] = [];
	const holdings: Holding[] = [];
	let requests = 0;
	try {
		for (let hour = 0; hour < hours; hour += 1) {
			const end = performance.now() + budget.milliseconds / hours;
			const lane = async (number: number) => {
				do requests += await round(host, number);
				while (performance.now() < end);
			};
			await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
			holdings.push(holdingOf(host));
		}
		const doctor = await host.klee('network', 'doctor');
		if (doctor.code !== 0) failures.push(`doctor: ${doctor.stdout}`);
		failures.push(...growths(holdings), ...(await host.lastingLeftovers()));
	} catch (error) {
		failures.push(messageOfFailure(error));
	} finally {
		await host.close();
	}
	return { requests, failures, note: noteOf(holdings) };
}

/** Leaves nothing. @returns number of commands */
async function round(host: TestHost, lane: number): Promise<number> {
	const [name, network] = [`c${lane}`, `n${lane}`];
	const subnet = ['--subnet', `10.5.${lane}.0/24`, '--subnet6', `fd00:5:${lane}::/64`];
	const run = [
		'run',
		'-d',
		'--name',
		name,
		'-l',
		'vnet',
		'-n',
		network,
		'-p',
		`${9000 + lane}:80`,
		'-m',
		`v${lane}:/srv`,
	];
	const all = [
		['network', 'create', '-t', 'bridge', ...subnet, network],
		[...run, 'Debian', 'sleep', '3600'],
		['exec', name, 'true'],
		['exec', name, '/bin/sh', '-c', 'seq 1000 >/root/file; cat /root/file'],
		['network', 'disconnect', network, name],
		['network', 'connect', network, name],
		['stop', name],
		['start', '-d', name],
		['rmc', '-f', name],
		['run', '--rm', 'Debian', 'true'],
		['rmn', network],
		['volume', 'rm', `v${lane}`],
	];
	for (const words of all) await host.kleeOutput(...words);
	return all.length;
}

function holdingOf({ daemonPid, root }: TestHost): Holding {
	const status = readFileSync(`/proc/${daemonPid}/status`, 'utf8');
	const files = readdirSync(root).filter((name) => name.startsWith('metadata.sqlite'));
	return {
		memory: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024,
		descriptors: readdirSync(`/proc/${daemonPid}/fd`).length,
		database: files.reduce((sum, name) => sum + statSync(join(root, name)).size, 0),
	};
}

/** One line for each kind of holding that grows. */
export function growths(holdings: readonly Holding[]): string[] {
	const third = Math.floor(holdings.length / 3);
	return (Object.keys(ALLOWED) as (keyof Holding)[]).flatMap((kind) => {
		const { part, more } = ALLOWED[kind];
		const [before, after] = [holdings.slice(third, 2 * third), holdings.slice(-third)].map((some) =>
			median(some, kind),
		);
		const allowed = before! * (1 + part) + more;
		return after! > allowed ? [`${kind} grows: ${before} in the middle, ${after} at the end`] : [];
	});
}

function median(holdings: readonly Holding[], kind: keyof Holding): number {
	const sorted = holdings.map((one) => one[kind]).sort((one, other) => one - other);
	return sorted[sorted.length >> 1] ?? 0;
}

function noteOf(holdings: readonly Holding[]): string {
	const text = (one: Holding | undefined) =>
		one
			? `${(one.memory / 2 ** 20).toFixed(0)} MiB, ${one.descriptors} descriptors, ${(one.database / 2 ** 10).toFixed(0)} KiB`
			: 'nothing';
	const third = Math.floor(holdings.length / 3);
	return `after a third: ${text(holdings[third])}; at the end: ${text(holdings.at(-1))}`;
}
