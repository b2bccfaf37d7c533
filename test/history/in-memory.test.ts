/** Many clients at random on a host in memory whose steps take a while: every answer is one that the model allows. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { buildApp } from '#daemon/app.ts';
import { Streams } from '#daemon/streams/upgrade.ts';
import type { ApplyOptions } from '#host/driver.ts';
import { FakeHost } from '#host/fake/driver.ts';
import type { Step } from '#model/step.ts';
import { SILENT, startEngine } from '#test/engine/fixture.ts';
import { AMOUNT, holds, SEED } from '#test/fuzz/amount.ts';
import { requireConsistent } from '#test/torture/kills/consistency.ts';
import { Clients } from './client.ts';
import { requireLinear } from './objects.ts';
import { type Extent, type Operation, operations } from './operations.ts';

const CLIENTS = AMOUNT > 1 ? 200 : 20;
const EXTENT: Extent = { containers: CLIENTS / 2, networks: 4, volumes: 3 };
const SERVICE = { image: 'Base', cmd: ['/bin/true'], prefix: '10.4' };

/** One after the other, with a random number of turns of the event loop before each step. */
class SlowHost extends FakeHost {
	#random = SEED;

	override async apply(steps: readonly Step[], options: ApplyOptions = {}): Promise<void> {
		for (let turns = this.#next(8); turns > 0; turns -= 1) await new Promise(setImmediate);
		return super.apply(steps, options);
	}

	/** Linear congruential (Numerical Recipes): the same delays for the same seed. */
	#next(bound: number): number {
		this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
		return (this.#random >>> 16) % bound;
	}
}

async function startDaemon() {
	const fixture = await startEngine(new SlowHost());
	const app = await buildApp(fixture.engine, pino({ level: 'silent' }));
	const streams = new Streams(fixture.engine, SILENT);
	const directory = mkdtempSync(join(tmpdir(), 'kleene-history-'));
	const server = createServer((request, response) => app.routing(request, response));
	// Daemon and clients share one event loop here: a client would see too late that its idle connection was closed.
	server.keepAliveTimeout = 0;
	streams.attachTo(server);
	await once(server.listen(join(directory, 'socket')), 'listening');
	const close = async () => {
		streams.close();
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		await app.close();
		rmSync(directory, { recursive: true });
	};
	return { ...fixture, host: fixture.host, url: `http://${directory}/socket`, close };
}

async function perform(context: TestContext, all: readonly Operation[], clientCount: number): Promise<void> {
	const { url, close, store, host, engine } = await startDaemon();
	const clients = new Clients({ ...SERVICE, host: url }, clientCount);
	try {
		await clients.perform(all);
		await clients.perform(
			Array.from({ length: EXTENT.containers }, (_, container) => ({ kind: 'inspect-container', container })),
		);
		await clients.perform(
			Array.from({ length: EXTENT.networks }, (_, network) => ({ kind: 'inspect-network', network })),
		);
		await clients.perform([{ kind: 'list' }]);
		context.diagnostic(`${clients.history.length} requests`);
		requireLinear(clients.history);
		requireConsistent({ store, host, engine }, 'at the end');
	} finally {
		clients.close();
		await close();
	}
}

const script = (length: number) => fc.array(operations(EXTENT), { minLength: length, maxLength: length });

test('one client gets exactly the answers of the model', async (context) => {
	await holds(context, { count: 2, of: script(150), stateful: true }, (all) => perform(context, all, 1));
});

test('many clients get answers that some order of their requests explains, and the host is as the store says', async (context) => {
	await holds(context, { count: 1, of: script(20 * CLIENTS), stateful: true }, (all) => perform(context, all, CLIENTS));
});
