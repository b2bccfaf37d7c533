/** What a runner makes of it when something on the way to a process is gone: who waits for it, its jail, the connection. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutSshd } from '#test/os/shell/sshd.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { first, here, JAIL, killIfThere, overSsh, spec, Watched } from './runner-place.ts';

test('a shell that waits on the host and is killed is replaced', async (t) => {
	const { runner, state, another, ends } = await here(t);
	const process_ = await runner.run({ ...first, attach: false }, spec('exec sleep 60'));
	await eventually('process', () => existsSync(join(state.run(JAIL), 'pid')));
	process.kill(Number(readFileSync(join(state.run(JAIL), 'runner'), 'utf8')), 'SIGKILL');
	const next = await another();
	assert.deepEqual(next.ends, []);
	process_.kill('SIGKILL');
	killIfThere(join(state.run(JAIL), 'pid'));
	await eventually('end of the container', () => next.ends.length === 1 && ends.length === 1);
});

for (const tty of [false, true])
	test(`a container that is taken apart under its process, ${tty ? 'with' : 'without'} a terminal`, async (t) => {
		const { runner, state, there, ends } = await here(t);
		const running = await runner.run({ ...first, attach: true }, spec('echo ready; exec sleep 60', { tty }));
		const seen = new Watched(running);
		await eventually('ready', () => seen.stdout !== '');
		const pid = Number(readFileSync(join(state.run(JAIL), 'pid'), 'utf8'));
		rmSync(state.run(JAIL), { recursive: true });
		there.noJail(JAIL);
		process.kill(pid, 'SIGKILL');
		assert.deepEqual(await running.ended, { code: 137, sandboxEnded: true });
		assert.deepEqual([seen.stderr, ends], ['', [JAIL]]);
	});

test('who waits on the host is killed while somebody is attached', async (t) => {
	const { runner, state } = await here(t);
	const running = await runner.run({ ...first, attach: true }, spec('echo ready; exec sleep 60'));
	const seen = new Watched(running);
	await eventually('ready', () => seen.stdout !== '');
	for (const file of ['runner', 'pid']) killIfThere(join(state.run(JAIL), file));
	assert.deepEqual(await running.ended, { code: 137, sandboxEnded: true });
	assert.match(seen.stderr, /connection to the process was lost/);
});

test('a lost connection: the process goes on, and its exit code comes after all', { skip: withoutSshd }, async (t) => {
	const { runner, sshd, ends, there } = await overSsh(t);
	const go = join(there.directory, 'go');
	const command = `echo ready; while [ ! -e ${go} ]; do sleep 0.05; done; head -c 300000 /dev/zero; exit 11`;
	const process = await runner.run({ ...first, attach: true }, spec(command));
	const seen = new Watched(process);
	await eventually('ready', () => seen.stdout !== '');
	sshd.cut();
	await eventually('notice', () => seen.stderr.includes('lost'));
	writeFileSync(go, '');
	assert.deepEqual(await process.ended, { code: 11, sandboxEnded: true });
	await eventually('end of the container', () => ends.length === 1);
	assert.equal(seen.stdout, 'ready\n');
});
