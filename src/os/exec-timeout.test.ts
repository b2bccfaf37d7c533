import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './exec.ts';
import { identify } from './linux/process.ts';

/** Runs a script that tells the number of what it leaves behind, and gives that number after the timeout. */
async function leave(script: string): Promise<number> {
	const lines: string[] = [];
	const before = Date.now();
	const running = run(['sh', '-c', script], { timeout: 3000, onOutput: (line) => lines.push(line) });
	await assert.rejects(running, { reason: 'no answer within 3 s' });
	assert.ok(Date.now() - before < 60_000, 'it waited for what was left behind');
	return Number(lines.join(''));
}

test('a timeout ends what a command left behind when it ended itself', async () => {
	for (const pid of await Promise.all(['sleep 90 & echo $!', 'sleep 90 & echo $!; exit 1'].map(leave)))
		for (let tries = 0; identify(pid) !== undefined; tries += 1) {
			assert.ok(tries < 300);
			await sleep(20);
		}
});

test('a timeout waits for nobody who left the group of the command', async () => {
	const pid = await leave('setsid sleep 90 & echo $!');
	assert.notEqual(identify(pid), undefined);
	process.kill(pid);
});
