/** A client that sends input right behind the first frame, while its process is still being started. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { Streams } from '#daemon/streams/upgrade.ts';
import type { HostProcess, RunRequest } from '#host/driver.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { FakeProcess } from '#host/fake/process.ts';
import { createContainer, SILENT, start, startEngine } from '#test/engine/fixture.ts';
import { eventually } from '#test/testbed/eventually.ts';

class ReadingHost extends FakeHost {
	readonly additional = new FakeProcess();

	override async run(request: RunRequest): Promise<HostProcess> {
		return request.kind === 'first' ? super.run(request) : this.additional;
	}
}

test('input behind the first frame reaches the process, whole and in order', async () => {
	const host = new ReadingHost();
	const fixture = await startEngine(host);
	await createContainer(fixture, 'c1', 'host');
	await start(fixture, 'c1');
	const directory = mkdtempSync(join(tmpdir(), 'kleene-early-'));
	const server = createServer();
	const streams = new Streams(fixture.engine, SILENT);
	streams.attachTo(server);
	await once(server.listen(join(directory, 'socket')), 'listening');
	try {
		const exec_id = fixture.engine.executions.create({ container: 'c1', cmd: ['cat'], user: '', env: [], tty: false });
		const socket = new WebSocket(`ws+unix://${join(directory, 'socket')}:/exec/start`);
		await once(socket, 'open');
		socket.send(JSON.stringify({ exec_id, attach: true, start_container: true }));
		const sent = Array.from({ length: 300 }, (_, index) => `line ${index} ${'x'.repeat(8000)}\n`).join('');
		for (let at = 0; at < sent.length; at += 10_000) socket.send(Buffer.from(sent.slice(at, at + 10_000)));
		const { received } = host.additional;
		await eventually('the input is there', () => received.join('').length >= sent.length);
		assert.equal(received.join(''), sent);
		socket.terminate();
	} finally {
		streams.close();
		server.close();
		rmSync(directory, { recursive: true });
	}
});
