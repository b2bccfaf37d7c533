/** The HTTP of short requests to a daemon on this machine, against servers that send what the test says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type PlainHead, request } from '#client/plain/http.ts';

let folder: string;
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'plain-http-'));
});
after(() => rmSync(folder, { recursive: true }));

interface Outcome {
	readonly sent: string;
	readonly head?: PlainHead;
	readonly body?: string;
	readonly rest?: string;
	readonly error?: Error & { code?: string };
}

/** @param pieces written one after the other once the request is there; then the server closes, unless `stays` */
async function exchange(pieces: readonly string[], { stays = false, body = '' } = {}): Promise<Outcome> {
	const path = join(folder, 'socket');
	let sent = '';
	const connections: Socket[] = [];
	const server = createServer((socket) => {
		connections.push(socket);
		socket.on('error', () => undefined);
		socket.on('data', async (bytes) => {
			sent += bytes;
			for (const piece of pieces) {
				socket.write(piece, 'latin1');
				await setImmediate();
			}
			if (!stays) socket.end();
		});
	});
	await new Promise<void>((resolve) => server.listen(path, resolve));
	const asked = request({ method: 'POST', path: '/x?y=1', headers: { a: 'b' }, createConnection: () => connect(path) });
	let head: PlainHead | undefined;
	const outcome = await new Promise<Omit<Outcome, 'sent'>>((resolve) => {
		asked.on('response', (given) => {
			head = given;
		});
		asked.on('body', (bytes) => resolve({ ...(head && { head }), body: bytes.toString('latin1') }));
		asked.on('upgrade', (given, socket, rest) => {
			socket.destroy();
			resolve({ head: given, rest: rest.toString('latin1') });
		});
		asked.on('error', (error) => resolve({ error }));
		asked.end(body || undefined);
	});
	for (const connection of connections) connection.destroy();
	await new Promise((resolve) => server.close(resolve));
	return { sent, ...outcome };
}

test('a request has a host, its headers and the length of its body in bytes', async () => {
	const { sent } = await exchange(['HTTP/1.1 204 No Content\r\n\r\n'], { body: '"é"' });
	const text = Buffer.from(sent, 'utf8').toString();
	assert.match(text, /^POST \/x\?y=1 HTTP\/1\.1\r\nHost: localhost\r\nConnection: close\r\na: b\r\n/);
	assert.match(text, /\r\nContent-Length: 4\r\n\r\n"é"$/);
});

test('an answer with a length is whole when its last byte is there, in whatever pieces it comes', async () => {
	const answer = 'HTTP/1.1 200 OK\r\nContent-Length:  5\r\nX-A: b: c\r\n\r\nhello';
	for (const pieces of [[answer], [...answer], [answer.slice(0, 17), answer.slice(17)], [`${answer}more`]]) {
		const { head, body } = await exchange(pieces, { stays: true });
		assert.deepEqual([head?.statusCode, head?.headers['x-a'], body], [200, 'b: c', 'hello']);
	}
});

test('without a length an answer ends with the connection', async () => {
	assert.equal((await exchange(['HTTP/1.0 404 Not Found\r\n\r\n', 'no', 'thing'])).body, 'nothing');
});

test('chunks are joined', async () => {
	const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
	const { body } = await exchange([head, '5\r\nhel', 'lo\r\nA;x=y\r\n0123456789\r\n', '0\r\nTrailer: t\r\n\r\n']);
	assert.equal(body, 'hello0123456789');
});

test('interim answers are passed over', async () => {
	const { head } = await exchange(['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n']);
	assert.equal(head?.statusCode, 201);
});

test('a connection for another protocol is handed over with what came already', async () => {
	const { head, rest } = await exchange(['HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nframe'], {
		stays: true,
	});
	assert.deepEqual([head?.headers.upgrade, rest], ['websocket', 'frame']);
});

test('an answer that is cut short is an error, as one that is no HTTP', async () => {
	for (const pieces of [
		[],
		['HTTP/1.1 200'],
		['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello'],
		['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
		['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'],
	])
		assert.equal((await exchange(pieces)).error?.code, 'ECONNRESET', JSON.stringify(pieces));
	for (const pieces of [['SSH-2.0-x\r\n\r\n'], ['x'.repeat(20_000)]])
		assert.match(String((await exchange(pieces)).error), /the answer is no HTTP/);
});
