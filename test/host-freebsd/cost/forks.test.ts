/**
 * Processes and exchanges that operations cost on a FreeBSD host, which are what such a host pays: see cost.ts for how
 * far this count can be believed. `KLEENE_COST=all` shows every process.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CountedHost, cannotCount, forksOf } from './counted-host.ts';

interface Operation {
	readonly what: string;
	/** klee's words. */
	readonly words: readonly string[];
	/** Processes, and exchanges or sessions, at most. */
	readonly most: readonly [forks: number, visits: number];
}

const SLEEP = ['FreeBSD', 'sleep', '300'];
const NETWORK = ['network', 'create', '-t', 'bridge', '--subnet'];
const six = ['--subnet6', 'fd00:46::/64'];

/** In this order, one after the other. */
const OPERATIONS: readonly Operation[] = [
	{ what: 'network create', words: [...NETWORK, '10.4.7.0/24', 'net'], most: [15, 2] },
	{ what: 'network create, both families', words: [...NETWORK, '10.4.8.0/24', ...six, 'both'], most: [21, 2] },
	{ what: 'run vnet', words: ['run', '-d', '-l', 'vnet', '-n', 'net', '--name', 'one', ...SLEEP], most: [38, 3] },
	{ what: 'exec', words: ['exec', 'one', 'true'], most: [10, 1] },
	{ what: 'exec -i', words: ['exec', '-i', 'one', 'true'], most: [10, 1] },
	{ what: 'exec -t', words: ['exec', '-t', 'one', 'true'], most: [12, 1] },
	{ what: 'stop vnet', words: ['stop', 'one'], most: [30, 1] },
	{
		what: 'run vnet, both families',
		words: ['run', '-d', '-l', 'vnet', '-n', 'both', '--name', 'two', ...SLEEP],
		most: [40, 3],
	},
	{ what: 'stop vnet, both families', words: ['stop', 'two'], most: [30, 1] },
	{
		what: 'run vnet to its end',
		words: ['run', '-l', 'vnet', '-n', 'net', '--name', 'three', 'FreeBSD', 'true'],
		most: [54, 4],
	},
	{ what: 'run host', words: ['run', '-d', '-l', 'host', '--name', 'four', ...SLEEP], most: [28, 3] },
	{ what: 'stop host', words: ['stop', 'four'], most: [16, 1] },
	{
		what: 'run ipnet with a port',
		words: ['run', '-d', '-l', 'ipnet', '-n', 'net', '-p', '8080:80', '--name', 'five', ...SLEEP],
		most: [40, 3],
	},
	{ what: 'stop ipnet with a port', words: ['stop', 'five'], most: [25, 1] },
	{ what: 'container rm', words: ['rmc', 'one'], most: [8, 1] },
	{ what: 'network rm', words: ['rmn', 'both'], most: [22, 1] },
];

describe('what operations cost on a FreeBSD host', { skip: cannotCount() }, () => {
	let counted: CountedHost;
	before(async () => {
		counted = await CountedHost.start();
	});
	after(() => counted.host.close());

	for (const { what, words, most } of OPERATIONS)
		test(`${what}: ${most[0]} processes and ${most[1]} exchanges at most`, async (t) => {
			const visits = await counted.cost(() => counted.host.kleeOutput(...words));
			const forks = forksOf(visits);
			const began = visits.filter(({ kind }) => kind !== 'earlier');
			t.diagnostic(
				`${what}: ${forks.length} processes, ${visits.map(({ kind, forks }) => `${kind} ${forks.length}`).join(', ')}`,
			);
			const listing = visits.flatMap(({ kind, forks }) => [kind, ...forks.map((fork) => `    ${fork.slice(0, 120)}`)]);
			if (process.env.KLEENE_COST === 'all') t.diagnostic(listing.join('\n'));
			assert.ok(forks.length <= most[0] && began.length <= most[1], listing.join('\n'));
		});
});
