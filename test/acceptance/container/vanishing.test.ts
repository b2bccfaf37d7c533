/** Clients that are gone before the daemon is done with them. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await TestHost.start();
});
after(() => host.close());

/** Sends a request and leaves, all of it before the daemon looks. */
async function knockAndRun(path: string): Promise<void> {
	const daemon = host.daemonPid!;
	process.kill(daemon, 'SIGSTOP');
	try {
		const socket = connect(host.socket);
		const lines = [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
		lines.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', '');
		await new Promise<void>((resolve) => socket.write(lines.join('\r\n'), () => resolve()));
		await new Promise<void>((resolve) => socket.once('close', () => resolve()).destroy());
	} finally {
		process.kill(daemon, 'SIGCONT');
	}
}

for (const path of ['/no/such/stream', '/exec/start'])
	test(`an upgrade of ${path} by a client that does not wait for the answer`, async () => {
		const { daemonPid } = host;
		for (let i = 0; i < 3; i += 1) await knockAndRun(path);
		await host.kleeOutput('lsn');
		assert.equal(host.daemonPid, daemonPid);
	});
