/** Input for a process in a jail that reads slowly. */
import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { SessionStreams } from '#host/freebsd/sandbox/output.ts';
import { MOST_INPUT } from '#host/process-streams.ts';

/** A session whose other end takes input when it is told to. */
function startSession() {
	const waiting: (() => void)[] = [];
	const stdin = new Writable({ write: (_chunk, _encoding, taken) => void waiting.push(taken) });
	const session = {
		stdin,
		stdout: new PassThrough(),
		stderr: new PassThrough(),
		exited: Promise.resolve(0),
		close() {},
	};
	const streams = new SessionStreams(session, { token: 't', tty: false, stdin: true });
	const drained = new Promise<void>((resolve) => streams.onDrained(resolve));
	return { streams, stdin, drained, take: () => waiting.shift()?.() };
}

test('its sender is asked to wait, and told to go on', async () => {
	const { streams, drained, take } = startSession();
	assert.equal(streams.write(Buffer.alloc(MOST_INPUT - 1)), true);
	assert.equal(streams.write(Buffer.alloc(1)), false);
	take();
	assert.equal(streams.write(Buffer.alloc(0)), true);
	for (let i = 0; i < 2; i += 1) {
		await new Promise((resolve) => setImmediate(resolve));
		take();
	}
	await drained;
});

test('a session that is over holds nobody up', async () => {
	const { streams, stdin, drained } = startSession();
	assert.equal(streams.write(Buffer.alloc(MOST_INPUT)), false);
	stdin.destroy();
	await drained;
	assert.equal(streams.write(Buffer.alloc(MOST_INPUT)), true);
});
