import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import { connect } from 'node:tls';
import { makeCertificate, makeCertificates } from '#test/testbed/certificates.ts';
import type { ListenerConfig } from '../configuration/config-file.ts';
import type { App } from '../http.ts';
import type { Streams } from '../streams/upgrade.ts';
import { Listeners } from './listeners.ts';

const folder = mkdtempSync(join(tmpdir(), 'kleened-listeners-'));
const address = `https://${folder}/k.sock`;
const file = (name: string) => join(folder, name);
const CONFIG: ListenerConfig = { address, tlscert: file('server.pem'), tlskey: file('server.key') };
const app = { routing: () => undefined } as unknown as App;
const streams = { attachTo() {} } as unknown as Streams;

let listeners: Listeners;
let logged: [level: string, fields: Record<string, unknown>, message: string][] = [];
const logTo = (level: string) => (fields: object, message: string) => void logged.push([level, { ...fields }, message]);

before(async () => {
	makeCertificates(folder);
	listeners = new Listeners({ info: logTo('info'), warn: logTo('warn'), error: logTo('error') });
	listeners.reload(() => assert.fail('nothing is open yet'));
	await listeners.open(CONFIG, app, streams, 1024);
});
after(() => {
	listeners.close();
	rmSync(folder, { recursive: true });
});

/** Reloads. @returns level, reason and message of each line of the log */
function reload(...configs: readonly ListenerConfig[]): string[] {
	logged = [];
	listeners.reload(() => configs);
	return logged.map(([level, { error = '' }, message]) => `${level} ${error} ${message}`);
}

async function subjectShown(): Promise<string | undefined> {
	const socket = connect({ path: file('k.sock'), rejectUnauthorized: false });
	await once(socket, 'secureConnect');
	const { subject } = socket.getPeerCertificate();
	socket.destroy();
	return subject.CN?.toString();
}

test('another certificate is shown from then on, a broken one never', async () => {
	assert.equal(await subjectShown(), 'server');
	makeCertificate(folder, 'next');
	const next = { ...CONFIG, tlscert: file('next.pem'), tlskey: file('next.key') };
	assert.deepEqual(reload(next), ['info  the TLS files were read again']);
	assert.equal(logged[0]?.[1].certificate, 'CN=next');
	assert.equal(await subjectShown(), 'next');
	writeFileSync(file('broken.pem'), '-----BEGIN CERTIFICATE-----\nno\n');
	for (const broken of [{ tlscert: file('broken.pem') }, { tlskey: file('other.key') }, { tlscert: '/missing' }]) {
		const [line = '', ...more] = reload({ ...next, ...broken });
		assert.match(line, /^error cannot listen on .*: .+ cannot reload the TLS files; .* stays in use$/);
		assert.deepEqual(more, []);
		assert.equal(await subjectShown(), 'next');
	}
	reload(CONFIG);
	assert.equal(await subjectShown(), 'server');
});

test('a configuration that cannot be read changes nothing', () => {
	logged = [];
	listeners.reload(() => {
		throw new Error('line 3 is not YAML');
	});
	const message = 'cannot reload the configuration; all listeners stay as they are';
	assert.deepEqual(logged, [['error', { error: 'line 3 is not YAML' }, message]]);
});

test('changes that need a restart are named', () => {
	const verified = { ...CONFIG, tlsverify: true, tlscacert: file('ca.pem') };
	assert.match(reload(verified)[0] ?? '', /^warn {2}a change of tlsverify takes effect when kleened is restarted/);
	const other = { address: 'http:///run/other.sock' };
	const [gone = '', added = ''] = reload(other);
	assert.match(gone, /not configured any more/);
	assert.match(added, /a new listener is opened when/);
});

test('an expired certificate is named', () => {
	mock.timers.enable({ apis: ['Date'], now: Date.now() + 3 * 86_400_000 });
	try {
		assert.match(reload(CONFIG)[1] ?? '', /^warn {2}the certificate of this listener has expired/);
	} finally {
		mock.timers.reset();
	}
});

test('without an authority, verification is refused: it would accept certificates of every public one', async () => {
	const config = { ...CONFIG, address: `https://${folder}/other.sock`, tlsverify: true };
	await assert.rejects(listeners.open(config, app, streams, 1024), { code: 'CONFIG_INVALID', hint: /tlscacert/ });
});

test('a port that the system chose is reported', async () => {
	const tcp = new Listeners({ info() {}, warn: logTo('warn'), error() {} });
	logged = [];
	await tcp.open({ address: 'http://127.0.0.1:0' }, app, streams, 1024);
	try {
		assert.match(tcp.addresses[0] ?? '', /^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
		assert.match(logged[0]?.[2] ?? '', /every client that reaches this listener is root/);
	} finally {
		tcp.close();
	}
});
