/** The log of a container: written on the host whether or not somebody is attached or a daemon runs, and read again. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLog } from '#host/freebsd/sandbox/log/logs.ts';
import type { LogRequest } from '#model/activity/log.ts';
import { LocalShell } from '#os/shell/local.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { first, here, JAIL, type Place, spec, Watched } from './runner-place.ts';

const logOf = ({ there }: Place) => join(there.directory, 'log', JAIL);

/** Text of both streams, as they were written. */
async function read(place: Place, request: Partial<LogRequest> = {}, onBatch = () => {}) {
	const shell = new LocalShell({ path: place.there.path });
	const text = { stdout: '', stderr: '' };
	try {
		const whole = { container: JAIL, abandoned: new AbortController().signal, ...request };
		for await (const batch of readLog(shell, logOf(place), whole)) {
			onBatch();
			for (const record of batch)
				if (record.kind === 'output')
					text[record.stream] += record.content.toString('latin1') + (record.complete ? '\n' : '');
		}
	} finally {
		await shell.close();
	}
	return text;
}

const over = ({ state }: Place) =>
	eventually('end of the log', () => readdirSync(state.run(JAIL)).some((name) => name === 'over-out'));

for (const attach of [false, true])
	test(`output of a run is kept, ${attach ? 'attached' : 'detached'}: both streams, any byte, and no mark`, async (t) => {
		const place = await here(t);
		const command = `printf 'one\\n\\000\\377 two\\nno newline'; echo err >&2; exit 3`;
		const running = await place.runner.run({ ...first, attach }, spec(command));
		const seen = new Watched(running);
		assert.equal((await running.ended).code, 3);
		if (attach) assert.equal(seen.stderr, 'err\n');
		await over(place);
		assert.deepEqual(await read(place), { stdout: 'one\n\0\xff two\nno newline', stderr: 'err\n' });
	});

test('a terminal has one stream, and what is said of its end is left out', async (t) => {
	const place = await here(t);
	for (const attach of [true, false]) {
		const running = await place.runner.run({ ...first, attach }, spec('echo shown; exit 2', { tty: true }));
		new Watched(running);
		assert.equal((await running.ended).code, 2);
		await over(place);
	}
	assert.deepEqual(await read(place), { stdout: 'shown\r\nshown\r\n', stderr: '' });
});

test('a long line is cut into records and read as it was; the last lines are found', async (t) => {
	const place = await here(t);
	const long = 'x'.repeat(30_000);
	const running = await place.runner.run({ ...first, attach: false }, spec(`echo a; echo ${long}; echo b; echo c`));
	await running.ended;
	await over(place);
	assert.equal((await read(place)).stdout, `a\n${long}\nb\nc\n`);
	assert.equal((await read(place, { tail: 3 })).stdout, `${long}\nb\nc\n`);
	assert.equal((await read(place, { tail: 1 })).stdout, 'c\n');
	assert.equal((await read(place, { tail: 0 })).stdout, '');
});

test('output is kept while no daemon runs, and a session that is over does not end it', async (t) => {
	const place = await here(t);
	const go = join(place.there.directory, 'go');
	const command = `echo before; while [ ! -e ${go} ]; do sleep 0.05; done; echo after; head -c 200000 /dev/zero | tr '\\0' y; echo`;
	const running = await place.runner.run({ ...first, attach: true }, spec(command));
	const seen = new Watched(running);
	await eventually('before', () => seen.stdout !== '');
	await place.runner.close();
	writeFileSync(go, '');
	await over(place);
	await place.another();
	assert.ok((await read(place)).stdout === `before\nafter\n${'y'.repeat(200_000)}\n`);
});

test('following ends after the last output of the run, and begins with the lines asked for', async (t) => {
	const place = await here(t);
	const go = join(place.there.directory, 'go');
	const command = `echo 1; echo 2; echo 3; while [ ! -e ${go} ]; do sleep 0.05; done; echo 4; echo 5 >&2`;
	const running = await place.runner.run({ ...first, attach: false }, spec(command));
	await eventually('lines', async () => (await read(place)).stdout === '1\n2\n3\n');
	const end = new AbortController();
	const following = read(place, { tail: 2, follow: end.signal }, () => writeFileSync(go, ''));
	await running.ended;
	end.abort();
	assert.deepEqual(await following, { stdout: '2\n3\n4\n', stderr: '5\n' });
});

test('following is left at once', async (t) => {
	const place = await here(t);
	await place.runner.run({ ...first, attach: false }, spec('echo 1; exec sleep 60'));
	await eventually('lines', async () => existsSync(logOf(place)) && (await read(place)).stdout === '1\n');
	const left = new AbortController();
	const following = read(place, { follow: new AbortController().signal, abandoned: left.signal });
	setTimeout(() => left.abort(), 200);
	assert.deepEqual((await following).stdout, '1\n');
});

test('a file that is full makes room for the next one', async (t) => {
	const place = await here(t);
	mkdirSync(logOf(place), { recursive: true });
	writeFileSync(join(logOf(place), 'current'), `1700000000 stdout F ${'z'.repeat(9000)}\n`.repeat(1200));
	const running = await place.runner.run({ ...first, attach: false }, spec('echo full; echo next'));
	await running.ended;
	await over(place);
	assert.ok(statSync(join(logOf(place), 'current')).size < 1000);
	assert.ok(statSync(join(logOf(place), 'older')).size > 10_000_000);
	assert.equal((await read(place, { tail: 2 })).stdout, 'full\nnext\n');
});

test('without flua nothing is kept, and that is said', async (t) => {
	const place = await here(t);
	rmSync(join(place.there.path, 'flua'));
	const running = await place.runner.run({ ...first, attach: false }, spec('echo x; exit 4'));
	assert.equal((await running.ended).code, 4);
	await assert.rejects(read(place), { code: 'UNSUPPORTED_HERE' });
});
