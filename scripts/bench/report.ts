/** What was measured as tables for people, 100 columns at the most, each aim with whether it is met. */
import { availableParallelism, loadavg } from 'node:os';
import type { BuildTimes } from './build.ts';
import type { ConsoleFigures } from './console/frames.ts';
import type { DaemonFigures, RunTimes } from './kleene.ts';
import type { LoadFigures } from './load.ts';
import { OPERATIONS, type Operation, type ScaleFigures } from './scale.ts';
import type { Figures } from './timing.ts';
import type { PeerTraffic } from './traffic.ts';

export interface Results {
	readonly run?: RunTimes;
	readonly build?: BuildTimes;
	readonly daemon?: DaemonFigures;
	readonly traffic?: readonly PeerTraffic[];
	readonly scale?: ScaleFigures;
	readonly load?: LoadFigures;
	/** A text: why nothing was measured. */
	readonly console?: ConsoleFigures | string;
}

/** At most so many times as slow beside many as beside few. */
const GROWTH = 2;
/** Milliseconds. */
const ATTACH = 3;
const MANY_PORTS = 5;
const PODMAN_PART = 1 / 3;
/** Of podman's time, for a build that is wholly in the cache. */
const WARM_PART = 1 / 4;
/** Of a client and of a runtime that do nothing else. */
const FLOOR_PART = 1.25;
const NODE_PART = 1.1;
/** Of podman's throughput, and podman's times over ours. */
const TRAFFIC_PART = 0.9;

export function print({ run, build, daemon, traffic, scale, load, console: page }: Results): void {
	if (isBusy()) console.log(`The machine is busy (load ${loadavg()[0]?.toFixed(1)}): times by the clock say little.`);
	if (run) printRun(run);
	if (build) printBuild(build);
	if (daemon) printDaemon(daemon);
	if (traffic) printTraffic(traffic);
	if (scale) printScale(scale);
	if (load) printLoad(load);
	if (page !== undefined) printPage(page);
}

function printRun({ node, client, runtime, crun, klee, podman }: RunTimes): void {
	heading('what a user waits for', 'median', '90 %', 'runs');
	figures('node -e 0', node);
	figures('klee lsn (the client alone)', client);
	figures('runc run of the same bundle', runtime);
	if (typeof crun === 'string') console.log(`  crun run skipped: ${crun}`);
	else figures('crun run of the same bundle', crun);
	figures('klee run -l vnet -n bench Debian true', klee);
	const floor = client.median + runtime.median;
	const parts = { floor: klee.median / floor, node: client.median / node.median };
	const floored = `${floor.toFixed(0)} ms, klee run ${klee.median.toFixed(0)} ms: ${parts.floor.toFixed(2)}`;
	aim(`klee run takes at most ${FLOOR_PART} times client and runc, ${floored}`, parts.floor <= FLOOR_PART);
	aim(`klee takes at most ${NODE_PART} times node -e 0: ${parts.node.toFixed(2)}`, parts.node <= NODE_PART);
	if (typeof podman === 'string') {
		console.log(`  podman run skipped: ${podman}`);
		return;
	}
	figures('podman run --network bench bench true', podman);
	const ratio = klee.median / podman.median;
	aim(`klee run takes a third of podman run: ${ratio.toFixed(2)}`, ratio <= PODMAN_PART);
}

function printBuild({ klee, podman }: BuildTimes): void {
	heading('a Dockerfile of two stages and eight steps', 'median', '90 %', 'runs');
	figures('klee build --no-cache', klee.cold);
	figures('klee build, all cached', klee.warm);
	if (typeof podman === 'string') {
		console.log(`  podman build skipped: ${podman}`);
		return;
	}
	figures('podman build --no-cache', podman.cold);
	figures('podman build, all cached', podman.warm);
	const [cold, warm] = [klee.cold.median / podman.cold.median, klee.warm.median / podman.warm.median];
	aim(`a build is not slower than podman's: ${cold.toFixed(2)} times its time`, cold <= 1);
	aim(`all cached it takes a quarter of podman's time: ${warm.toFixed(2)} times its time`, warm <= WARM_PART);
}

function printDaemon(daemon: DaemonFigures): void {
	heading('the daemon, with one HTTP request each', 'median', '90 %', 'runs');
	figures('a request that changes nothing', daemon.roundTrip);
	figures('network create (bridge, address)', daemon.networkCreate);
	figures('network remove', daemon.networkRemove);
	figures('endpoint attach (running ipnet)', daemon.attach);
	figures('endpoint detach', daemon.detach);
	figures('container start (vnet, one network)', daemon.containerStart);
	figures('container stop', daemon.containerStop);
	const own = daemon.attach.median - daemon.roundTrip.median;
	aim(`attach takes ${ATTACH} ms without its request: ${own.toFixed(1)} ms`, own <= ATTACH);
}

function printTraffic(traffic: readonly PeerTraffic[]): void {
	heading('TCP between two containers', 'MiB/s', 'answer', 'connect');
	for (const { name, between } of traffic) packets(name, between);
	heading('TCP from outside by a published port', 'MiB/s', 'answer', 'connect');
	for (const { name, published } of traffic) if (published) packets(name, published);
	const podman = traffic.find(({ name }) => name === 'podman');
	if (!podman) return;
	for (const { name, between, published } of traffic.filter((peer) => peer.name.startsWith('klee')))
		for (const [where, own, other] of [
			['between', between, podman.between],
			['published', published, podman.published],
		] as const) {
			if (!own || !other) continue;
			const parts = [own.throughput / other.throughput, other.roundTrip / own.roundTrip];
			const text = parts.map((part) => part.toFixed(2)).join(' and ');
			aim(
				`${name}, ${where}: as fast as podman (throughput and answers ${text} times)`,
				Math.min(...parts) >= TRAFFIC_PART,
			);
		}
}

function packets(name: string, { throughput, roundTrip, connection }: PeerTraffic['between']): void {
	row(`  ${name}`, throughput.toFixed(0), `${roundTrip.toFixed(0)} µs`, `${connection.toFixed(0)} µs`);
}

function printScale({ populations, figures: clock, own }: ScaleFigures): void {
	const block = (title: string, operations: readonly Operation[], cell: (name: Operation) => string[]) => {
		heading(title, ...populations);
		for (const name of operations) row(`  ${name}`, ...cell(name));
	};
	const whole = OPERATIONS.filter((name) => !name.startsWith(' '));
	block('beside so many others: median', OPERATIONS, (name) =>
		clock[name].map(({ median }) => `${median.toFixed(2)} ms`),
	);
	block('90 % of the runs', OPERATIONS, (name) => clock[name].map(({ p90 }) => `${p90.toFixed(2)} ms`));
	block("work of the daemon's thread, mean", OPERATIONS, (name) =>
		own[name].map(({ mean }) => `${mean.toFixed(2)} ms`),
	);
	// Where others take the processor away, the clock tells about them; and work is known on average only.
	const judge = ({ clock, work }: { clock: number; work: number }) => (isBusy() ? Math.min(clock, work) : clock);
	for (const name of whole) {
		const growth = { clock: growthOf(clock[name], 'median'), work: growthOf(own[name], 'mean') };
		const text = `${growth.clock.toFixed(2)}, of work ${growth.work.toFixed(2)}`;
		aim(`${name}: at most ${GROWTH} times as long beside many: ${text}`, judge(growth) <= GROWTH);
	}
	const name = '  of it publishing 200 ports';
	const most = { clock: mostOf(clock[name], 'median'), work: mostOf(own[name], 'mean') };
	const text = `${most.clock.toFixed(1)} ms, of work ${most.work.toFixed(1)} ms`;
	aim(`200 ports are published within ${MANY_PORTS} ms: ${text}`, judge(most) <= MANY_PORTS);
}

/** Milliseconds in which 99 of 100 reads are answered, by the number of clients that change things. */
const READ_WITHIN: Readonly<Record<number, number>> = { 20: 50, 150: 250 };
/** Seconds for 300 containers. */
const CROWD_WITHIN = 30;
/** MB. */
const MOST_MEMORY = 90;

function printLoad({ reads, crowd }: LoadFigures): void {
	heading('a read while clients create, or run, and remove', 'median', '90 %', '99 %', 'of theirs');
	const milliseconds = (time: number) => `${time.toFixed(1)} ms`;
	for (const { errand, clients, median, p90, p99, rate } of reads)
		row(`  ${clients} clients ${errand}`, ...[median, p90, p99].map(milliseconds), `${rate.toFixed(1)} /s`);
	for (const { errand, clients, p99 } of reads) {
		const within = READ_WITHIN[clients] ?? 0;
		aim(
			`99 % of the reads within ${within} ms while ${clients} clients ${errand}: ${milliseconds(p99)}`,
			p99 <= within,
		);
	}
	const { started, stopped, list, descriptors, memory } = crowd;
	heading('300 containers, 8 clients');
	console.log(`  listed in ${milliseconds(list)}; descriptors of the daemon for each: ${descriptors.toFixed(2)}`);
	aim(`started within ${CROWD_WITHIN} s: ${started.toFixed(1)} s`, started <= CROWD_WITHIN);
	aim(`stopped within ${CROWD_WITHIN} s: ${stopped.toFixed(1)} s`, stopped <= CROWD_WITHIN);
	const text = memory.map((size) => size.toFixed(0)).join(', ');
	aim(
		`memory of the daemon below ${MOST_MEMORY} MB when fresh, crowded, idle again: ${text}`,
		Math.max(memory[0], memory[2]) < MOST_MEMORY,
	);
}

/** Milliseconds, of 60 frames a second. */
const FRAME = 16;

function printPage(page: ConsoleFigures | string): void {
	if (typeof page === 'string') {
		console.log(`\nklee console skipped: ${page}`);
		return;
	}
	heading('a frame of klee console, 300 containers', 'median', '90 %', 'of work', 'frames');
	for (const { name, median, p90, work, rate } of page.frames) {
		const times = [median, p90, work].map((time) => `${time.toFixed(1)} ms`);
		row(`  ${name}`, ...times, `${rate.toFixed(0)} /s`);
	}
	console.log(`  opened within ${page.opening.toFixed(0)} ms`);
	for (const { name, p90, work } of page.frames) {
		const text = `${p90.toFixed(1)} ms, of work ${work.toFixed(1)} ms`;
		// As with scale: where others take the processor away, the clock tells about them.
		aim(`${name}: a frame takes ${FRAME} ms: ${text}`, (isBusy() ? Math.min(p90, work) : p90) <= FRAME);
	}
}

function mostOf(all: readonly Figures[], figure: 'median' | 'mean'): number {
	return Math.max(...all.map((one) => one[figure]));
}

/** Milliseconds below which the work of a thread cannot be told from none. */
const LEAST = 0.1;

function growthOf([small, ...large]: readonly Figures[], figure: 'median' | 'mean'): number {
	return Math.max(mostOf(large, figure), LEAST) / Math.max(small?.[figure] ?? Number.NaN, LEAST);
}

/** Others use more than what this machine has. */
function isBusy(): boolean {
	return (loadavg()[0] ?? 0) > availableParallelism();
}

function heading(name: string, ...cells: readonly string[]): void {
	console.log('');
	row(name, ...cells);
}

function figures(name: string, { median, p90, runs }: Figures): void {
	row(`  ${name}`, `${median.toFixed(1)} ms`, `${p90.toFixed(1)} ms`, String(runs));
}

function aim(text: string, met: boolean): void {
	console.log(`  ${met ? 'MET   ' : 'MISSED'} ${text}`);
}

function row(name: string, ...cells: readonly string[]): void {
	const width = cells.length > 3 ? 14 : 10;
	console.log(name.padEnd(44) + cells.map((cell) => cell.padStart(width)).join(''));
}
