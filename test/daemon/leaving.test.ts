/** A client that leaves while its process is being started. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Streams } from '#daemon/streams/upgrade.ts';
import type { HostProcess, RunRequest } from '#host/driver.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { FakeProcess } from '#host/fake/process.ts';
import { createContainer, SILENT, start, startEngine } from '#test/engine/fixture.ts';

/** Takes as long to start an additional process as a test wants. */
class SlowHost extends FakeHost {
	readonly asked = Promise.withResolvers<void>();
	readonly started = Promise.withResolvers<void>();
	readonly additional = new FakeProcess();

	override async run(request: RunRequest): Promise<HostProcess> {
		if (request.kind === 'first') return super.run(request);
		this.asked.resolve();
		await this.started.promise;
		return this.additional;
	}
}

test('the process is asked to end once it is there', async () => {
	const host = new SlowHost();
	const fixture = await startEngine(host);
	await createContainer(fixture, 'c1', 'host');
	await start(fixture, 'c1');
	const directory = mkdtempSync(join(tmpdir(), 'kleene-leaving-'));
	const path = join(directory, 'socket');
	const server = createServer();
	const streams = new Streams(fixture.engine, SILENT);
	streams.attachTo(server);
	let connections = 0;
	server.on('connection', (socket) => {
		connections += 1;
		socket.once('close', () => (connections -= 1));
	});
	await once(server.listen(path), 'listening');
	try {
		const exec_id = fixture.engine.executions.create({ container: 'c1', cmd: ['x'], user: '', env: [], tty: true });
		const socket = new WebSocket(`ws+unix://${path}:/exec/start`);
		await once(socket, 'open');
		socket.send(JSON.stringify({ exec_id, attach: true, start_container: true }));
		await host.asked.promise;
		socket.terminate();
		while (connections > 0) await sleep(5);
		await sleep(5);
		host.started.resolve();
		for (let tries = 0; host.additional.received.length === 0; tries += 1) {
			assert.ok(tries < 6000, 'nobody asks it');
			await sleep(5);
		}
		assert.deepEqual(host.additional.received, ['hang up']);
	} finally {
		streams.close();
		server.close();
		rmSync(directory, { recursive: true });
	}
});
