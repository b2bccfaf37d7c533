/** Long operations end when the client that waits for them is gone, whichever way it goes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { TestHost } from '#test/testbed/test-host.ts';
import { stream } from '#test/testbed/wire.ts';

let host: TestHost;
let server: Server;
let url: string;

before(async () => {
	host = await TestHost.start();
	// It answers nothing.
	server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/root.tar`;
});
after(async () => {
	server.close();
	server.closeAllConnections();
	await host.close();
});

function images(): string[] {
	return readdirSync(join(host.root, 'layers')).toSorted();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const)
	test(`klee image create that ends by ${signal} leaves nothing`, async () => {
		const there = images();
		const asked = once(server, 'request');
		const klee = host.converse(['image', 'create', '-t', 'New', 'fetch', url]);
		const [request] = (await asked) as [IncomingMessage];
		const closed = once(request.socket, 'close');
		const logged = host.log.length;
		klee.child.kill(signal);
		await closed;
		const { stdout } = await klee.ended;
		assert.doesNotMatch(stdout, /image created/);
		await eventually('its files are gone', () => images().join() === there.join());
		await eventually('the daemon tells', () => /cancelled: image creation failed/.test(host.log.slice(logged)));
		assert.doesNotMatch(host.log.slice(logged), /"level":[45]0/);
		assert.doesNotMatch(await host.kleeOutput('lsi'), /New/);
	});

test('a daemon that stops meanwhile leaves nothing for long', async () => {
	const there = images();
	const asked = once(server, 'request');
	const klee = host.converse(['image', 'create', '-t', 'New', 'fetch', url]);
	await asked;
	assert.equal(await host.stopDaemon(), 0);
	const { code, stderr } = await klee.ended;
	assert.notEqual(code, 0);
	assert.match(stderr, /kleened was stopped/);
	await host.startDaemon();
	assert.deepEqual(images(), there);
});

test('a silent server is given up after --download-timeout', async () => {
	await host.stopDaemon();
	await host.startDaemon('--download-timeout', '1');
	const there = images();
	const { code, stderr } = await host.klee('image', 'create', 'fetch', url);
	assert.equal(code, 1);
	assert.match(stderr, /could not fetch http:\S+: the server sent nothing for 1 s\n hint: check the address/);
	const { code: ending } = await stream(host.socket, '/images/create', { config: { method: 'fetch', url } });
	assert.equal(ending, 1011);
	assert.deepEqual(images(), there);
});
