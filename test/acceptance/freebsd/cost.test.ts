/**
 * Prints what each operation costs a FreeBSD host: processes, by the counters of its kernel, exchanges and sessions, and
 * milliseconds. The aims are those of issue 9; what they are held to is in test/host-freebsd/cost.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FreebsdUnderTest } from '#test/testbed/freebsd/contract.ts';
import { startFreebsdUnderTest, withoutFreebsd } from '#test/testbed/freebsd/under-test.ts';

const SLEEP = ['sleep', '600'];
/** Milliseconds in which what an operation left to be done is done. */
const QUIET = 1500;

let host: FreebsdUnderTest;
const rows: string[] = [];

/** Processes that the host has started since it booted. */
async function forks(): Promise<number> {
	const { stdout } = await host.sh('sysctl -n vm.stats.vm.v_forks vm.stats.vm.v_vforks');
	return stdout.split('\n').reduce((sum, line) => sum + Number(line), 0);
}

interface Cost {
	readonly forks: number;
	readonly visits: number;
	readonly milliseconds: number;
}

/** @param ownForks what the question itself costs */
async function costOf(operation: () => Promise<unknown>, ownForks: number): Promise<Cost> {
	const [before, length, start] = [await forks(), host.probe.length, performance.now()];
	await operation();
	const milliseconds = Math.round(performance.now() - start);
	await sleep(QUIET);
	return { forks: (await forks()) - before - ownForks, visits: host.probe.visitsSince(length), milliseconds };
}

const row = (name: string, ...values: readonly (string | number)[]) =>
	`${name.padEnd(28)}${values.map((value) => String(value).padStart(12)).join('')}`;

test('what operations cost', { skip: withoutFreebsd, timeout: 600_000 }, async (t) => {
	host = await startFreebsdUnderTest();
	t.after(() => host.close());
	const own = (await forks()) - (await forks());
	rows.push(row('operation', 'processes', 'aim', 'visits', 'ms'));
	const measure = async (name: string, aim: number | '', ...words: readonly string[]) => {
		const { forks: count, visits, milliseconds } = await costOf(() => host.kleeOutput(...words), -own);
		rows.push(row(name, count, aim, visits, milliseconds));
		assert.ok(count > 0 && visits > 0, `${name} was not counted`);
	};
	const subnet = ['--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64'];
	await measure('network create', 15, 'network', 'create', '-t', 'bridge', ...subnet, 'net');
	await measure('run vnet', 30, 'run', '-d', '-l', 'vnet', '-n', 'net', '--name', 'one', host.image, ...SLEEP);
	await measure('run ipnet, a second member', '', 'run', '-d', '-n', 'net', '--name', 'two', host.image, ...SLEEP);
	await measure('exec', 10, 'exec', 'one', 'true');
	await measure('stop vnet', 30, 'stop', 'one');
	await measure('start vnet', 30, 'start', '-d', 'one');
	await measure('network disconnect', '', 'network', 'disconnect', 'net', 'two');
	await measure('network connect', '', 'network', 'connect', 'net', 'two');
	await measure('run host', '', 'run', '-d', '-l', 'host', '--name', 'three', host.image, ...SLEEP);
	await measure('stop host', '', 'stop', 'three');
	await measure('container rm', '', 'rmc', 'three');
	await measure('network doctor', '', 'network', 'doctor');
	console.log(rows.join('\n'));
});
