/** Input for a process in a jail that reads slowly. */
import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { MOST_INPUT } from '#host/attachment.ts';
import { SessionAttachment } from '#host/freebsd/sandbox/output.ts';

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
	const attachment = new SessionAttachment(session, { token: 't', tty: false, stdin: true });
	const drained = new Promise<void>((resolve) => attachment.onDrained(resolve));
	return { attachment, stdin, drained, take: () => waiting.shift()?.() };
}

test('its sender is asked to wait, and told to go on', async () => {
	const { attachment, drained, take } = startSession();
	assert.equal(attachment.write(Buffer.alloc(MOST_INPUT - 1)), true);
	assert.equal(attachment.write(Buffer.alloc(1)), false);
	take();
	assert.equal(attachment.write(Buffer.alloc(0)), true);
	for (let i = 0; i < 2; i += 1) {
		await new Promise((resolve) => setImmediate(resolve));
		take();
	}
	await drained;
});

test('a session that is over holds nobody up', async () => {
	const { attachment, stdin, drained } = startSession();
	assert.equal(attachment.write(Buffer.alloc(MOST_INPUT)), false);
	stdin.destroy();
	await drained;
	assert.equal(attachment.write(Buffer.alloc(MOST_INPUT)), true);
});
