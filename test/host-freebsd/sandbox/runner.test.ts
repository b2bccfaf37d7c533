import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isKleeneError } from '#errors/kleene-error.ts';
import { withoutSshd } from '#test/os/shell/sshd.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { first, here, JAIL, overSsh, spec, Watched } from './runner-place.ts';

for (const [way, open, skip] of [
	['here', here, false],
	['over ssh', overSsh, withoutSshd],
] as const) {
	test(`${way}: output apart, environment, exit code, and the end of the container`, { skip }, async (t) => {
		const { runner, ends, state } = await open(t);
		const process = await runner.run({ ...first, attach: true }, spec(`echo "out $A"; echo err >&2; cat; exit 7`));
		const seen = new Watched(process);
		assert.deepEqual(await process.ended, { code: 7, sandboxEnded: true });
		assert.equal(seen.stdout, 'out b c\n');
		assert.equal(seen.stderr, 'err\n');
		assert.deepEqual(ends, [JAIL]);
		await eventually('end on the host', () => existsSync(join(state.run(JAIL), 'ended')));
		await delay(200);
		assert.deepEqual(ends, [JAIL]);
		for (const attach of [true, false])
			await assert.rejects(
				runner.run({ kind: 'additional', container: JAIL, execution: 'late', process: spec('true').process, attach }),
				{ code: 'CONTAINER_NOT_RUNNING' },
			);
	});

	test(`${way}: every byte, in and out`, { skip }, async (t) => {
		const { runner } = await open(t);
		const process = await runner.run({ ...first, attach: true }, spec('cat', { stdin: true }));
		const seen = new Watched(process);
		const bytes = Buffer.from(Array.from({ length: 500_000 }, (_, n) => (n * 13 + (n >> 8)) % 256));
		for (let at = 0; at < bytes.length; at += 50_000) process.write(bytes.subarray(at, at + 50_000));
		process.endInput();
		assert.deepEqual(await process.ended, { code: 0, sandboxEnded: true });
		assert.ok(Buffer.concat(seen.bytes).equals(bytes));
	});

	test(`${way}: a terminal, its size, and its exit code`, { skip }, async (t) => {
		const { runner } = await open(t);
		const size = { rows: 33, columns: 101 };
		const command = `tty; stty size; echo "$TERM"; trap 'trap : WINCH; sleep 0.2; stty size; exit 5' WINCH; echo ready; while :; do sleep 0.05; done`;
		const process = await runner.run({ ...first, attach: true, size }, spec(command, { tty: true, stdin: true }));
		const seen = new Watched(process);
		await eventually('ready', () => seen.stdout.includes('ready'));
		process.resize(40, 120);
		assert.deepEqual(await process.ended, { code: 5, sandboxEnded: true });
		assert.match(seen.stdout, /^\/dev\/pts\/\d+\r\n33 101\r\nxterm\r\nready\r\n40 120\r\n$/);
		assert.equal(seen.stderr, '');
	});

	test(`${way}: keys at a terminal`, { skip }, async (t) => {
		const { runner } = await open(t);
		const run = async (command: string) =>
			await runner.run({ ...first, attach: true }, spec(command, { tty: true, stdin: true }));
		const reading = await run('stty -echo; echo ready; read line; echo "got $line"; cat; echo over; exit 3');
		const seen = new Watched(reading);
		await eventually('ready', () => seen.stdout.includes('ready'));
		reading.write(Buffer.from('hello\r'));
		await eventually('line', () => seen.stdout.includes('got hello'));
		reading.endInput();
		assert.equal((await reading.ended).code, 3);
		assert.match(seen.stdout, /got hello\r\nover\r\n$/);

		const interrupted = await run('echo ready; sleep 60');
		const output = new Watched(interrupted);
		await eventually('ready', () => output.stdout.includes('ready'));
		interrupted.write(Buffer.from([3]));
		assert.equal((await interrupted.ended).code, 130);
	});

	test(`${way}: a child that keeps the streams open, and the container alive`, { skip }, async (t) => {
		const { runner, ends, state } = await open(t);
		const command = `(trap '' HUP; while [ ! -e "${state.path}/stop" ]; do head -c 20000 /dev/zero; head -c 20000 /dev/zero >&2; sleep 0.01; done; echo out of the loop >&2) & echo started`;
		const process = await runner.run({ ...first, attach: true }, spec(command));
		const seen = new Watched(process);
		assert.deepEqual(await process.ended, { code: 0, sandboxEnded: false });
		assert.match(seen.stdout, /started\n/);
		assert.deepEqual(ends, []);
		const more = await runner.run({
			kind: 'additional',
			container: JAIL,
			execution: 'e1e1e1e1e1e1',
			attach: true,
			process: spec('echo more; exit 4').process,
		});
		const seenToo = new Watched(more);
		assert.deepEqual(await more.ended, { code: 4, sandboxEnded: false });
		assert.equal(seenToo.stdout, 'more\n');
		const stop = await runner.run({
			kind: 'additional',
			container: JAIL,
			execution: 'e2e2e2e2e2e2',
			attach: false,
			process: spec(`sleep 1.5; : >"${state.path}/stop"; sleep 0.3`).process,
		});
		assert.equal((await stop.ended).code, 0);
		await eventually('end of the container', () => ends.length === 1);
		await delay(200);
		assert.deepEqual(ends, [JAIL]);
	});

	test(`${way}: signals reach the process, attached or not`, { skip }, async (t) => {
		const { runner, ends, there } = await open(t);
		const ready = join(there.directory, 'ready');
		const command = `trap 'exit 9' TERM; : >${ready}; while :; do sleep 0.05; done`;
		const detached = await runner.run({ ...first, attach: false }, spec(command));
		await eventually('ready', () => existsSync(ready));
		detached.kill('SIGTERM');
		assert.deepEqual(await detached.ended, { code: 9, sandboxEnded: true });
		assert.deepEqual(ends, [JAIL]);
		const attached = await runner.run({ ...first, attach: true }, spec('echo ready; exec sleep 60'));
		const seen = new Watched(attached);
		await eventually('ready', () => seen.stdout !== '');
		attached.kill('SIGKILL');
		assert.deepEqual(await attached.ended, { code: 137, sandboxEnded: true });
		assert.equal(seen.stderr, '');
		assert.deepEqual(ends, [JAIL, JAIL]);
	});

	test(`${way}: a process with a timeout is killed with what it started, in time or by SIGKILL`, {
		skip,
	}, async (t) => {
		const { runner } = await open(t);
		const main = await runner.run({ ...first, attach: true }, spec('exec sleep 60'));
		const { process } = spec('sleep 50 & echo $!; sleep 50; exit 0');
		const timed = { kind: 'additional', container: JAIL, process, attach: true } as const;
		for (const [execution, timeout] of [
			['e1e1e1e1e1e1', 1000],
			['e2e2e2e2e2e2', 50_000],
		] as const) {
			const begun = performance.now();
			const running = await runner.run({ ...timed, execution, timeout });
			const seen = new Watched(running);
			await eventually('started', () => seen.stdout.endsWith('\n'));
			if (timeout > 1000) running.kill('SIGKILL');
			assert.equal((await running.ended).code, 137);
			assert.ok(performance.now() - begun < 20_000);
			await eventually('what it started is gone', () => !existsSync(`/proc/${seen.stdout.trim()}`));
		}
		const quick = await runner.run({
			...timed,
			execution: 'e3e3e3e3e3e3',
			timeout: 9000,
			process: spec('exit 3').process,
		});
		assert.equal((await quick.ended).code, 3);
		main.kill('SIGKILL');
		await main.ended;
	});

	test(`${way}: the process goes on when the daemon is gone, and the next one learns of its end`, {
		skip,
	}, async (t) => {
		const { runner, state, another, there } = await open(t);
		// More than any pipe holds: it would wait, or die by SIGPIPE, if nobody read.
		const command = `echo ready; read line; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; echo "done [$line]" >${there.directory}/went-on; exit 6`;
		const process = await runner.run({ ...first, attach: true }, spec(command, { stdin: true }));
		const seen = new Watched(process);
		await eventually('ready', () => seen.stdout !== '');
		await runner.close();
		await eventually('end on the host', () => existsSync(join(state.run(JAIL), 'ended')));
		assert.equal(readFileSync(join(there.directory, 'went-on'), 'utf8'), 'done []\n');
		assert.equal(readFileSync(join(state.run(JAIL), 'code'), 'utf8'), '6\n');
		const next = await another();
		assert.deepEqual(next.ends, [JAIL]);
	});
}

test('a process waits while its output is not read', async (t) => {
	const { runner, there } = await here(t);
	const file = join(there.directory, 'written');
	const process = await runner.run({ ...first, attach: true }, spec(`head -c 3000000 /dev/zero; echo yes >${file}`));
	const seen = new Watched(process);
	process.pause();
	await delay(500);
	assert.ok(!existsSync(file));
	process.resume();
	assert.equal((await process.ended).code, 0);
	assert.equal(seen.stdout.length, 3_000_000);
});

test('commands before the process, as somebody else, and what they say', async (t) => {
	const { runner } = await here(t);
	const hooks = { start: ['echo "one $A"', 'echo two >&2'], user: 'root' };
	const process = await runner.run({ ...first, attach: true }, { ...spec('echo three'), hooks });
	const seen = new Watched(process);
	assert.equal((await process.ended).code, 0);
	assert.deepEqual([seen.stdout, seen.stderr], ['one \nthree\n', 'two\n']);
	const failing = await runner.run(
		{ ...first, attach: true },
		{ ...spec('echo never'), hooks: { start: ['exit 8'], user: 'root' } },
	);
	const nothing = new Watched(failing);
	assert.equal((await failing.ended).code, 8);
	assert.equal(nothing.stdout, '');
});

test('no jail, no process', async (t) => {
	const { runner, there } = await here(t);
	there.noJail(JAIL);
	for (const attach of [true, false])
		await assert.rejects(runner.run({ ...first, attach }, spec('echo x')), (error) => {
			assert.ok(isKleeneError(error));
			assert.equal(error.code, 'CONTAINER_NOT_RUNNING');
			return true;
		});
});
