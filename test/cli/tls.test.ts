import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { makeCertificates } from '#test/testbed/certificates.ts';
import { klee } from './run-klee.ts';

const ENDED = '2fc5447ef1e8 has exited with exit-code 0';
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl for certificates';
let folder: string;
let tcp: Server;
let socket: Server;
let url: string;

function serve(requestCert: boolean): Server {
	const read = (name: string) => readFileSync(join(folder, name));
	const tls = { key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem'), requestCert };
	const server = createServer({ ...tls, rejectUnauthorized: requestCert }, (request, response) => {
		const created = request.url === '/exec/create';
		request.resume();
		response.writeHead(created ? 201 : 200, { 'content-type': 'application/json' });
		response.end(created ? '{"id":"2fc5447ef1e8"}' : '[]');
	});
	new WebSocketServer({ server }).on('connection', (stream) => {
		stream.on('message', () => {
			stream.send('{"data":"","message":"","msg_type":"starting"}');
			stream.close(1000, JSON.stringify({ data: '', message: ENDED, msg_type: 'closing' }));
		});
	});
	return server;
}

before(async () => {
	if (skip) return;
	folder = mkdtempSync(join(tmpdir(), 'klee-tls-'));
	makeCertificates(folder);
	tcp = serve(true);
	socket = serve(false);
	await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
	await new Promise<void>((resolve) => socket.listen(join(folder, 's.sock'), resolve));
	url = `https://127.0.0.1:${(tcp.address() as AddressInfo).port}`;
});
after(() => {
	if (skip) return;
	for (const server of [tcp, socket]) {
		server.closeAllConnections();
		server.close();
	}
	rmSync(folder, { recursive: true });
});

const file = (name: string) => join(folder, name);

test('a client certificate opens REST and WebSocket over TCP', { skip }, async () => {
	const options = [
		'--host',
		url,
		'--tlscert',
		file('client.pem'),
		'--tlskey',
		file('client.key'),
		'--tlscacert',
		file('ca.pem'),
	];
	const list = await klee([...options, 'lsn']);
	assert.deepEqual([list.code, list.stderr], [0, '']);
	const exec = await klee([...options, 'exec', 'c', 'true']);
	assert.deepEqual([exec.code, exec.stdout], [0, '']);
	assert.ok(exec.stderr.endsWith(`${ENDED}\n`), exec.stderr);
});

test('the environment names the same files', { skip }, async () => {
	const env = {
		KLEE_HOST: url,
		KLEE_TLS_CERT: file('client.pem'),
		KLEE_TLS_KEY: file('client.key'),
		KLEE_TLS_CACERT: file('ca.pem'),
	};
	assert.equal((await klee(['lsn'], { env })).code, 0);
});

test('without a client certificate, or with an authority that did not sign, there is no connection', {
	skip,
}, async () => {
	const bare = await klee(['--host', url, 'lsn']);
	assert.equal(bare.code, 1);
	assert.match(bare.stderr, /^error: unable to connect to kleened: /);
	for (const [expected, words] of [
		[1, ['lsn']],
		[125, ['exec', 'c', 'true']],
	] as const) {
		const other = await klee(['--host', `https://${file('s.sock')}`, '--tlscacert', file('other.pem'), ...words]);
		assert.equal(other.code, expected, words.join(' '));
		assert.match(other.stderr, /unable to connect to kleened: .*certificate/);
	}
});

test('TLS over a Unix socket; unverified unless asked for', { skip }, async () => {
	const host = ['--host', `https://${file('s.sock')}`];
	assert.equal((await klee([...host, 'lsn'])).code, 0);
	assert.equal((await klee([...host, 'exec', 'c', 'true'])).code, 0);
	assert.equal((await klee([...host, '--tlscacert', file('ca.pem'), 'exec', 'c', 'true'])).code, 0);
	assert.equal((await klee([...host, '--tlsverify', 'lsn'])).code, 1);
	assert.equal((await klee([...host, 'lsn'], { env: { KLEE_TLS_VERIFY: 'True' } })).code, 1);
	assert.equal((await klee([...host, '--no-tlsverify', 'lsn'], { env: { KLEE_TLS_VERIFY: 'true' } })).code, 0);
});

test('a file that cannot be read is named', { skip }, async () => {
	const { code, stderr } = await klee(['--host', url, '--tlscacert', '/nonexistent.pem', 'lsn']);
	assert.notEqual(code, 0);
	assert.match(stderr, /cannot read the TLS CA certificate \/nonexistent\.pem/);
});
