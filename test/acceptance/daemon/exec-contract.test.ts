/** Execution instances as the original client stops, refuses and leaves them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { assertClosed, OriginalClient } from '#test/testbed/original-client.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
let client: OriginalClient;

before(async () => {
	host = await startHostWithImage();
	client = new OriginalClient(host.socket);
});
after(() => host.close());

const stop = (id: string, force: boolean, container: boolean) =>
	client.call(`POST /exec/${id}/stop?force_stop=${force}&stop_container=${container}`);

async function isRunning(container: string): Promise<boolean> {
	const { container: state } = await client.json<{ container: { running: boolean } }>(
		`GET /containers/${container}/inspect`,
	);
	return state.running;
}

async function removed(container: string): Promise<void> {
	await client.call(`POST /containers/${container}/stop?grace=0`);
	assert.equal((await client.call(`DELETE /containers/${container}`)).status, 200);
}

test('an instance that was never started is not stopped, nor is its container', async () => {
	const container = await client.createContainer(['sleep', '600']);
	await client.start(container, { attach: false });
	const waiting = await client.createExecution(container, { cmd: ['true'] });
	for (const withContainer of [false, true]) {
		const { status, text } = await stop(waiting, false, withContainer);
		assert.equal(status, 404);
		assert.equal(JSON.parse(text).message, 'execution instance have not been started');
	}
	assert.ok(await isRunning(container));
	await removed(container);
});

test('an instance that was refused as its container is stopped can be started later', async () => {
	const container = await client.createContainer(['sh', '-c', 'echo up']);
	const id = await client.createExecution(container);
	const refused = await client.startExecution(id, { start_container: false });
	assert.equal(refused.frames[1]?.text, "error: cannot start container when 'start_container' is false.\n");
	assertClosed(refused, { code: 1011, type: 'error', message: /^error starting exec instance$/ });
	const { frames, code } = await client.startExecution(id);
	assert.deepEqual([code, frames[1]?.text], [1000, 'up\n']);
	await removed(container);
});

for (const [name, first] of [
	['the first process', true],
	['another process', false],
] as const)
	test(`${name}, stopped with its container, is told that the container ended`, async () => {
		const loop = ['sh', '-c', 'echo up; exec sleep 600'];
		const container = await client.createContainer(loop);
		if (!first) await client.start(container, { attach: false });
		const id = await client.createExecution(container, { cmd: loop });
		let heard = '';
		const ending = client.startExecution(id, {}, (text) => (heard += text));
		await eventually('the process runs', () => heard.includes('up\n'));
		assert.equal((await stop(id, true, true)).status, 200);
		assert.equal(await isRunning(container), false);
		const message = new RegExp(`^executable ${id} and its container exited with exit-code \\d+$`);
		assertClosed(await ending, { code: 1000, type: 'closing', message });
		await removed(container);
	});

test('a client that closes gets a message in return', async () => {
	const container = await client.createContainer(['sh', '-c', 'echo up; exec sleep 600']);
	for (const [code, reason] of [
		[1000, 'interrupted by user'],
		[1000, ''],
		[undefined, ''],
	] as const) {
		const exec_id = await client.createExecution(container);
		const socket = new WebSocket(`ws+unix://${host.socket}:/exec/start`);
		await once(socket, 'open');
		socket.send(JSON.stringify({ exec_id, attach: true, start_container: true }));
		await once(socket, 'message');
		socket.close(code, reason);
		const [, answer] = await once(socket, 'close');
		assert.deepEqual(JSON.parse(String(answer)), { data: '', message: reason, msg_type: 'closing' });
	}
	await removed(container);
});
