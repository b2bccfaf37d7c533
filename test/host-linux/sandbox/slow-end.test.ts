/** No process of a sandbox is left, but somebody has not read what they wrote. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bundle, type SandboxProcesses } from '#host/linux/sandbox/bundle/bundle.ts';
import { readExit } from '#host/linux/sandbox/exit-files.ts';
import { childrenOf, isAlive, signalProcess } from '#os/linux/process.ts';
import { Fixture } from './fixture.ts';

const fixture = new Fixture();
after(() => fixture.close());

async function until(what: string, holds: () => boolean): Promise<void> {
	for (let tries = 0; !holds(); tries += 1) {
		assert.ok(tries < 300, what);
		await sleep(100);
	}
}

/** The command waits for conmon to read what it wrote, and conmon for us. */
const isStuck = ({ first }: SandboxProcesses) =>
	childrenOf(first.pid).some((pid) => /pipe_w/.test(readFileSync(`/proc/${pid}/wchan`, 'utf8')));

async function startStuck() {
	const part = fixture.part(fixture.container(), { argv: ['seq', '100000000'] });
	await fixture.sandboxes.make(part);
	const process = await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: true });
	process.onOutput(() => {});
	process.pause();
	const processes = new Bundle(fixture.paths.bundle(part.container)).processes()!;
	let stuck = 0;
	await until('the command never waits', () => {
		stuck = isStuck(processes) ? stuck + 1 : 0;
		return stuck === 3;
	});
	signalProcess(processes.first, 'SIGKILL');
	await until('the first process goes on', () => !isAlive(processes.first));
	return { part, process, processes };
}

for (const grace of [0, 10_000])
	test(`stopping it tells how it ended, and nothing of it comes after, with a grace of ${grace} ms`, async () => {
		const { part, process, processes } = await startStuck();
		const file = join(fixture.paths.exits(), part.container);
		assert.deepEqual([isAlive(processes.monitor), existsSync(file)], [true, false]);
		await fixture.sandboxes.unmake(part, { grace });
		assert.deepEqual(await process.ended, { code: 137, sandboxEnded: true });
		await until('its conmon stays', () => !isAlive(processes.monitor));
		assert.deepEqual([readExit(file)?.code, readExit(file)?.cause], [137, 'exited']);
	});
