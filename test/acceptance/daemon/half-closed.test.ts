/** Clients that end their half of a connection and wait for the answer. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());

/** Sends a request, ends the sending, and reads to the end. */
function ask(request: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = connect({ path: host.socket, allowHalfOpen: true });
		let answer = '';
		socket.setEncoding('utf8').on('data', (text: string) => {
			answer += text;
		});
		socket.on('error', reject).on('end', () => {
			socket.destroy();
			resolve(answer);
		});
		socket.end(request);
	});
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('a request is answered, however long that takes', async () => {
	assert.match(await ask(get('/containers/list')), /^HTTP\/1.1 200 /);
	await host.kleeOutput(
		'run',
		'-d',
		'--name',
		'slow',
		'Debian',
		'sh',
		'-c',
		'trap "exit 7" TERM; while :; do sleep 0.1; done',
	);
	const waited = ask('POST /containers/slow/wait HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
	// The end of the sending has to be there before the end of the waiting.
	await sleep(200);
	await host.kleeOutput('kill', '-s', 'TERM', 'slow');
	assert.match(await waited, /"exit_code":7/);
	assert.match(await ask(get('/containers/slow/logs')), /^HTTP\/1.1 200 /);
});

test('what has no end of its own ends with its client', async () => {
	const started = performance.now();
	const answer = await ask(get('/events'));
	assert.ok(performance.now() - started < 5000, answer);
});
