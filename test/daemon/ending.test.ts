/** The end of an attached process, as clients that know our frames and the original one are told of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { STREAMS_SUBPROTOCOL } from '#api/frames.ts';
import { Streams } from '#daemon/streams/upgrade.ts';
import { createContainer, SILENT, startEngine } from '#test/engine/fixture.ts';

const fixture = await startEngine();
const directory = mkdtempSync(join(tmpdir(), 'kleene-ending-'));
const path = join(directory, 'socket');
const server = createServer();
const streams = new Streams(fixture.engine, SILENT);
streams.attachTo(server);
await once(server.listen(path), 'listening');
after(() => {
	streams.close();
	server.close();
	rmSync(directory, { recursive: true });
});

/** @returns the reason with which the stream is closed when the first process of a new container ends with this code */
async function reasonOf(name: string, code: number, protocols: string[]): Promise<{ id: string; reason: string }> {
	const container = await createContainer(fixture, name, 'host');
	const id = fixture.engine.executions.create({ container, cmd: [], user: '', env: [], tty: false });
	const socket = new WebSocket(`ws+unix://${path}:/exec/start`, protocols);
	await once(socket, 'open');
	socket.send(JSON.stringify({ exec_id: id, attach: true, start_container: true }));
	await once(socket, 'message');
	fixture.host.endContainer(container, code);
	const [status, reason] = await once(socket, 'close');
	assert.equal(status, 1000);
	return { id, reason: String(reason) };
}

test('the exit code is a field beside the whole sentence', async () => {
	const { id, reason } = await reasonOf('web', 137, [STREAMS_SUBPROTOCOL]);
	const message = `executable ${id} and its container exited with exit-code 137`;
	assert.equal(reason, JSON.stringify({ exit_code: 137, message, msg_type: 'closing' }));
});

test('the original client gets what it knows, byte for byte', async () => {
	const { id, reason } = await reasonOf('original', 137, []);
	const message = `executable ${id} and its container exited with exit-code 137`;
	assert.equal(reason, JSON.stringify({ data: '', message, msg_type: 'closing' }));
});
