/** Listeners with certificates of their own, of one daemon, which reads them again at SIGHUP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { makeCertificate, makeCertificates, SERVER_NAMES } from '#test/testbed/certificates.ts';
import type { Outcome } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { KLEENED, TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
let tcp: string;
const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const file = (name: string) => join(folder, name);
const socket = `https://${file('tls.sock')}`;

before(async () => {
	makeCertificates(folder);
	makeCertificate(folder, 'second', { by: 'other', names: SERVER_NAMES });
	const first = ['--host', socket, '--tlscert', file('second.pem'), '--tlskey', file('second.key')];
	const verified = ['--tlscacert', file('ca.pem'), '--tlsverify'];
	const second = ['--host', 'https://127.0.0.1:0', '--tlscert', file('server.pem'), '--tlskey', file('server.key')];
	host = await TestHost.start({ program: [KLEENED, ...first, ...second, ...verified] });
	tcp = /"(https:\/\/127\.0\.0\.1:\d+)"/.exec(host.log)?.[1] ?? '';
});
after(async () => {
	await host?.close();
	rmSync(folder, { recursive: true });
});

const klee = (url: string, ca: string, ...words: readonly string[]): Promise<Outcome> =>
	host.klee('--host', url, '--tlscacert', file(ca), ...words);
const CLIENT = ['--tlscert', file('client.pem'), '--tlskey', file('client.key')];

/** Sends SIGHUP. Waits for a line of the log that is not there yet. */
async function reload(expected: RegExp): Promise<string> {
	const before = host.log.length;
	process.kill(host.daemonPid ?? 0, 'SIGHUP');
	await eventually(`${expected}`, () => expected.test(host.log.slice(before)));
	return host.log.slice(before);
}

test('each listener has a certificate and an authority of its own, beside the plain one', async () => {
	assert.equal((await host.klee('lsn')).code, 0);
	assert.equal((await klee(socket, 'other.pem', 'lsn')).code, 0);
	assert.equal((await klee(socket, 'ca.pem', 'lsn')).code, 1);
	assert.equal((await klee(tcp, 'ca.pem', 'lsn')).code, 1, 'without a certificate');
	assert.equal((await klee(tcp, 'ca.pem', ...CLIENT, 'lsn')).code, 0);
	assert.equal((await klee(tcp, 'other.pem', ...CLIENT, 'lsn')).code, 1);
});

test('a new certificate is for new connections, and those that are open continue', async () => {
	const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
	const status = () =>
		new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
			const request = get({ socketPath: file('tls.sock'), path: '/networks/list', agent }, (response) => {
				response.resume().once('end', () => resolve([response.statusCode, `${request.reusedSocket}`]));
			}).once('error', reject);
		});
	assert.deepEqual(await status(), [200, 'false']);
	makeCertificate(folder, 'second', { by: 'ca', names: SERVER_NAMES, subject: 'third' });
	assert.match(await reload(/TLS files were read again/), /"certificate":"CN=third"/);
	assert.deepEqual(await status(), [200, 'true']);
	agent.destroy();
	assert.equal((await klee(socket, 'ca.pem', 'lsn')).code, 0);
	assert.equal((await klee(socket, 'other.pem', 'lsn')).code, 1);
	assert.equal((await klee(tcp, 'ca.pem', ...CLIENT, 'lsn')).code, 0);
});

test('a broken file is reported and the certificate before it stays', async () => {
	writeFileSync(file('second.pem'), 'no certificate\n');
	const lines = (await reload(/cannot reload the TLS files/)).split('\n');
	const error = lines.find((line) => line.includes('cannot reload')) ?? '{}';
	assert.partialDeepStrictEqual(JSON.parse(error), { level: 50, listener: socket });
	assert.match(error, /do not fit together/);
	assert.equal((await klee(socket, 'ca.pem', 'lsn')).code, 0);
});

test('another authority for clients locks those of the first one out', async () => {
	makeCertificate(folder, 'ca', { subject: 'new' });
	makeCertificate(folder, 'server', { by: 'ca', names: SERVER_NAMES });
	await reload(/TLS files were read again/);
	assert.equal((await klee(tcp, 'ca.pem', ...CLIENT, 'lsn')).code, 1);
	makeCertificate(folder, 'client', { by: 'ca' });
	assert.equal((await klee(tcp, 'ca.pem', ...CLIENT, 'lsn')).code, 0);
});

test('a client without a certificate is told so by alert 116', async () => {
	const client = connect({ host: '127.0.0.1', port: Number(new URL(tcp).port), rejectUnauthorized: false });
	const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
	assert.equal(error.code, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
});
