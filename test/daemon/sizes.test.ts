/** Requests and frames that are larger than the daemon takes: refused in words, and the next one is answered. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { DETAILED_ERROR } from '#api/media-types.ts';
import { buildApp } from '#daemon/app.ts';
import { Streams } from '#daemon/streams/upgrade.ts';
import { SILENT, startEngine } from '#test/engine/fixture.ts';

const MEBIBYTE = 1024 * 1024;

test('a body that is too large is refused with a reason and a hint', async () => {
	const { engine } = await startEngine();
	const logged: string[] = [];
	const write = (line: string) => void logged.push(line);
	const app = await buildApp(engine, pino({ level: 'error' }, { write }));
	const headers = { accept: DETAILED_ERROR, 'content-type': 'application/json' };
	const payload = JSON.stringify({ name: 'x'.repeat(5 * MEBIBYTE) });
	const answer = await app.inject({ method: 'POST', url: '/volumes/create', headers, payload });
	assert.ok(answer.statusCode >= 400 && answer.statusCode < 500, answer.body);
	assert.match(answer.json().why, /too large/i);
	assert.ok(answer.json().hint);
	assert.equal((await app.inject({ method: 'GET', url: '/volumes/list' })).statusCode, 200);
	assert.deepEqual(logged, []);
	await app.close();
});

test('a frame that is too large closes its stream alone', async () => {
	const { engine } = await startEngine();
	const directory = mkdtempSync(join(tmpdir(), 'kleene-sizes-'));
	const server = createServer();
	const streams = new Streams(engine, SILENT);
	streams.attachTo(server);
	await once(server.listen(join(directory, 'socket')), 'listening');
	const open = async () => {
		const socket = new WebSocket(`ws+unix://${join(directory, 'socket')}:/exec/start`);
		socket.on('error', () => {});
		await once(socket, 'open');
		return socket;
	};
	try {
		const [large, other] = [await open(), await open()];
		large.send(Buffer.alloc(2 * MEBIBYTE));
		assert.equal((await once(large, 'close'))[0], 1009);
		other.send('{}');
		assert.equal((await once(other, 'close'))[0], 1002);
	} finally {
		streams.close();
		server.close();
		rmSync(directory, { recursive: true });
	}
});
