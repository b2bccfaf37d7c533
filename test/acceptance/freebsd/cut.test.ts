/** The ssh connection is cut during an exec and a run: containers go on, and the daemon connects again and settles it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import type { FreebsdUnderTest } from '#test/testbed/freebsd/contract.ts';
import { startFreebsdUnderTest, withoutFreebsd } from '#test/testbed/freebsd/under-test.ts';

let host: FreebsdUnderTest;

/** Kills every ssh(1) that the daemon started, and nothing else. @returns how many there were */
function cut(): number {
	const mine = readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.filter((pid) => {
			const [name, parent] = statusOf(pid);
			return name === 'ssh' && parent === host.daemonPid;
		});
	return mine.filter(killed).length;
}

function killed(pid: string): boolean {
	try {
		return process.kill(Number(pid), 'SIGKILL');
	} catch {
		// A client that had done its part.
		return false;
	}
}

function statusOf(pid: string): [name: string, parent: number] {
	try {
		const text = readFileSync(`/proc/${pid}/status`, 'utf8');
		return [/^Name:\s+(.*)$/m.exec(text)?.[1] ?? '', Number(/^PPid:\s+(\d+)$/m.exec(text)?.[1])];
	} catch {
		// It ended meanwhile.
		return ['', 0];
	}
}

async function doctorIsContent(): Promise<boolean> {
	return (await host.klee('network', 'doctor')).code === 0;
}

describe('a connection that is cut', { skip: withoutFreebsd }, () => {
	before(async () => {
		host = await startFreebsdUnderTest();
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	});
	after(() => host.close());

	test('during an exec is told, and the process goes on', { timeout: 300_000 }, async (t) => {
		if (!host.isRemote) return t.skip('the host is reached without ssh');
		await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'net', '--name', 'web', host.image, 'sleep', '600');
		const script = 'echo begun; sleep 4; echo finished >$HOME/finished';
		const talk = host.converse(['exec', 'web', '/bin/sh', '-c', script]);
		await talk.until(/begun/);
		assert.ok(cut() > 0, 'there was a connection');
		const { stdout, stderr } = await talk.ended;
		assert.match(stdout + stderr, /connection/);
		const finished = () => host.klee('exec', 'web', '/bin/sh', '-c', 'cat $HOME/finished');
		await eventually('the process went on', async () => /^finished$/m.test((await finished()).stdout), { every: 500 });
		await eventually('doctor is content', doctorIsContent, { every: 500 });
		await host.removeContainers();
		assert.deepEqual(await host.lastingLeftovers(), []);
	});

	test('during a run is undone or finished, and the next run works', { timeout: 300_000 }, async (t) => {
		if (!host.isRemote) return t.skip('the host is reached without ssh');
		const running = host.klee('run', '-d', '-l', 'vnet', '-n', 'net', '--name', 'web', host.image, 'sleep', '600');
		const before = host.probe.length;
		await eventually('it is under way', () => host.probe.since(before).some(({ moment }) => moment === 'sent'), {
			every: 5,
		});
		assert.ok(cut() > 0, 'there was a connection');
		await running;
		await eventually('doctor is content', doctorIsContent, { every: 500 });
		await host.removeContainers();
		await eventually('nothing is left', async () => (await host.leftovers()).length === 0, { every: 500 });
		await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'net', '--name', 'web', host.image, 'sleep', '600');
		assert.ok(await doctorIsContent());
	});
});
