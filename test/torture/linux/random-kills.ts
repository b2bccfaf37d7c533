/** kill -9 at any moment, while several clients create, connect, stop and remove at random. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Budget, Figures } from '../part.ts';
import { Bench } from './bench.ts';
import { guarded, newTally, type Tally } from './cut-short.ts';

const CLIENTS = 4;
/** Milliseconds that a daemon is busy for before it is killed, at most. */
const LONGEST = 900;
/** Of a run: enough for the goal of 2,000, where the budget lasts. */
const MOST = 2000;

type Random = () => number;

/** Numbers in [0, 1) that a seed determines: mulberry32. */
export function randomFrom(seed: number): Random {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** Words of klee about objects of one client, so that clients wait for the daemon alone. */
function wordsOf(client: number, random: Random): readonly string[] {
	const [name, network, volume] = [`c${client}`, `n${client}`, `v${client}`];
	const subnet = ['--subnet', `10.5.${client}.0/24`, '--subnet6', `fd00:5:${client}::/64`];
	const run = ['run', '-d', '--name', name, '-p', `${9000 + client}:80`, '-m', `${volume}:/srv`];
	const all = [
		[...run, '-l', 'vnet', '-n', 'one', 'Debian', 'sleep', '3600'],
		[...run, '-l', 'ipnet', '-n', 'two', 'Debian', 'sleep', '3600'],
		[...run, '-l', 'vnet', '-n', network, 'Debian', 'sleep', '3600'],
		['create', '--name', name, '-l', 'vnet', '-n', 'one', 'Debian', 'sleep', '3600'],
		['start', '-d', name],
		['stop', name],
		['rmc', '-f', name],
		['rmc', '-f', name],
		['network', 'create', '-t', 'bridge', ...subnet, network],
		['network', 'connect', network, name],
		['network', 'disconnect', 'one', name],
		['rmn', network],
		['volume', 'create', volume],
		['volume', 'rm', volume],
	];
	return all[Math.floor(random() * all.length)]!;
}

/** Takes everything back that clients may have left. */
const UNDO = {
	name: 'random operations',
	operate: [],
	undo: Array.from({ length: CLIENTS }, (_, client) => [
		['rmc', '-f', `c${client}`],
		['rmn', `n${client}`],
		['volume', 'rm', `v${client}`],
	]).flat(),
};

export async function killAtRandom(budget: Budget, seed: number): Promise<Figures> {
	const random = randomFrom(seed);
	const bench = await Bench.start();
	const tally = newTally();
	try {
		while (tally.kills < MOST && (tally.kills === 0 || !budget.isSpent) && tally.failures.length < 20)
			await guarded(tally, `kill ${tally.kills} of seed ${seed}`, () => killOnce(bench, random, tally));
	} finally {
		await bench.close();
	}
	const { kills, requests, leaks, failures } = tally;
	return { injected: kills, requests, leaks, failures, note: `seed ${seed}, ${CLIENTS} clients` };
}

async function killOnce(bench: Bench, random: Random, tally: Tally): Promise<void> {
	const { host } = bench;
	let over = false;
	const busy = async (client: number) => {
		while (!over) {
			await host.klee(...wordsOf(client, random));
			tally.requests += 1;
		}
	};
	const clients = Array.from({ length: CLIENTS }, (_, client) => busy(client));
	const after = Math.round(random() * LONGEST);
	await sleep(after);
	await host.stopDaemon('SIGKILL');
	over = true;
	await Promise.all(clients);
	tally.kills += 1;
	await host.startDaemon();
	const troubles = await bench.troubles();
	const left = await bench.restore(UNDO);
	tally.leaks += left.length;
	tally.failures.push(...[...troubles, ...left].map((line) => `kill ${tally.kills}, after ${after} ms: ${line}`));
	if (left.length > 0) await bench.reset();
}
