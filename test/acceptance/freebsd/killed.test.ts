/**
 * The daemon is killed before and after each step of a run, a stop and a connect, while the host goes on with what it was
 * sent: the next daemon finds everything in order. `KLEENE_TEST_KILLS` limits the moments, evenly spread, of each operation.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import type { FreebsdUnderTest } from '#test/testbed/freebsd/contract.ts';
import { startFreebsdUnderTest, withoutFreebsd } from '#test/testbed/freebsd/under-test.ts';

const MOST = Number(process.env.KLEENE_TEST_KILLS ?? Number.POSITIVE_INFINITY);

let host: FreebsdUnderTest;

const run = () =>
	host.klee('run', '-d', '-l', 'vnet', '-n', 'one', '--name', 'web', '-p', '18080:80', host.image, 'sleep', '600');

interface Operation {
	readonly what: string;
	readonly prepare: () => Promise<unknown>;
	readonly operate: () => Promise<unknown>;
}

const OPERATIONS: readonly Operation[] = [
	{ what: 'run', prepare: async () => {}, operate: run },
	{ what: 'stop', prepare: run, operate: () => host.klee('stop', 'web') },
	{ what: 'connect', prepare: run, operate: () => host.klee('network', 'connect', 'two', 'web') },
];

interface Listed {
	readonly id: string;
	readonly running: boolean;
}

/** Jails, cables and the store say the same of the one container, and doctor finds nothing. */
async function requireOrder(when: string): Promise<void> {
	const [listed] = await host.kleeJson<Listed[]>('lsc', '-a');
	const { stdout } = await host.sh('jls name; true');
	const jails = stdout.split('\n').filter((name) => listed?.id === name);
	assert.equal(jails.length, listed?.running ? 1 : 0, `${when}: jail of a container that is ${JSON.stringify(listed)}`);
	const cables = (await host.interfaces()).filter(({ name }) => /^epair\d+a$/.test(name));
	if (!listed?.running) assert.deepEqual(cables, [], `${when}: cables without a container`);
	for (const { name, bridge } of cables) assert.match(bridge, /^kleene\d+$/, `${when}: ${name} is on no bridge`);
	const doctor = await host.klee('network', 'doctor');
	assert.equal(doctor.code, 0, `${when}: ${doctor.stdout}${doctor.stderr}`);
}

/** How many moments an operation has that nobody disturbs. */
async function momentsOf({ prepare, operate }: Operation): Promise<number> {
	await prepare();
	const before = host.probe.length;
	await operate();
	const count = host.probe.length - before;
	await host.removeContainers();
	return count;
}

/** Evenly spread, from 1 to `count`. */
function spread(count: number): number[] {
	const some = Math.min(count, MOST);
	return Array.from({ length: some }, (_, index) => 1 + Math.floor((index * count) / some));
}

describe('a daemon that is killed', { skip: withoutFreebsd }, () => {
	before(async () => {
		host = await startFreebsdUnderTest();
		for (const [name, third] of [['one', 6] as const, ['two', 7] as const])
			await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', `10.4.${third}.0/24`, name);
	});
	after(() => host.close());

	for (const operation of OPERATIONS)
		test(`at any moment of a ${operation.what} leaves nothing behind`, { timeout: 3_600_000 }, async (t) => {
			const count = await momentsOf(operation);
			assert.ok(count > 4, `${count} moments`);
			for (const moment of spread(count)) {
				await operation.prepare();
				const length = host.probe.length;
				host.probe.dieAt(moment);
				await operation.operate();
				await eventually('the daemon is dead or done', () => host.daemonPid === undefined, { within: 3000 }).catch(
					() => {},
				);
				host.probe.live();
				const last = host.probe.since(length).at(-1);
				const when = `${operation.what}, moment ${moment} of ${count} (${last?.moment} ${last?.about})`;
				if (host.daemonPid === undefined) await host.startDaemon();
				await requireOrder(when);
				await host.removeContainers();
				assert.deepEqual(await host.lastingLeftovers(), [], when);
				t.diagnostic(when);
			}
		});
});
