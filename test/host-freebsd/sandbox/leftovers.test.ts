/** What a daemon finds in /var/run/kleene of those that are gone, cleared by a real sh. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clearLeftovers } from '#host/freebsd/sandbox/leftovers.ts';
import { StateDirectory } from '#host/freebsd/sandbox/run-directory.ts';
import { LocalShell } from '#os/shell/local.ts';
import { sh } from '#os/shell/quote.ts';
import { lastFirst } from '#test/os/shell/sshd.ts';
import { standIns } from './stand-ins.ts';

const [ALIVE, GONE] = ['a11ea11ea11e', '909e909e909e'];

test('what is over and what belongs to nobody goes, what lives stays', async (context) => {
	const t = lastFirst(context);
	const there = standIns(t);
	there.jail(ALIVE);
	const run = join(there.directory, 'run');
	const [mine, others, gone, busy] = ['00000001', '00000002', '00000003', '00000004'].map((name) => join(run, name));
	const state = new StateDirectory(mine!);
	const at = (...names: string[]) => {
		for (const name of names) mkdirSync(name, { recursive: true });
	};
	at(state.run(ALIVE), state.run(GONE), state.execution(ALIVE, 'over'), state.execution(ALIVE, 'lost'));
	at(state.execution(ALIVE, 'goes-on'), state.execution(GONE, 'left'));
	writeFileSync(join(state.execution(ALIVE, 'over'), 'code'), '0\n');
	for (const name of [`hooked-${ALIVE}`, `hooked-${GONE}`, `hooked-${GONE}.output`])
		writeFileSync(join(mine!, name), '');
	at(join(others!, 'run', ALIVE), join(gone!, 'run', GONE), join(gone!, 'exec', `${GONE}.x`), join(busy!, 'run'));
	writeFileSync(join(run, 'lock'), '');
	for (const directory of [state.execution(ALIVE, 'goes-on'), busy]) {
		const waiting = spawn('/bin/sh', ['-c', 'read -r end', `${directory}/run.sh`], {
			stdio: ['pipe', 'ignore', 'ignore'],
		});
		t.after(() => void waiting.kill('SIGKILL'));
	}
	const shell = new LocalShell({ path: there.path });
	t.after(() => shell.close());
	for (const _ of [1, 2]) {
		const [result] = await shell.exchange([{ name: 'clear', script: sh`${clearLeftovers(state)}` }]);
		assert.deepEqual([result?.code, result?.stderr], [0, '']);
		assert.deepEqual(readdirSync(run).sort(), ['00000001', '00000002', '00000004', 'lock']);
		assert.deepEqual(readdirSync(mine!).sort(), ['exec', `hooked-${ALIVE}`, 'run']);
		assert.deepEqual(readdirSync(join(mine!, 'run')), [ALIVE]);
		assert.deepEqual(readdirSync(join(mine!, 'exec')), [`${ALIVE}.goes-on`]);
	}
	await shell.exchange([{ name: 'forget', script: state.forget(ALIVE) }]);
	assert.deepEqual(
		['exec', 'run'].map((name) => readdirSync(join(mine!, name))),
		[[], []],
	);
	assert.deepEqual(readdirSync(mine!).sort(), ['exec', 'run']);
});
