import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ListenerConfig } from '../configuration/config-file.ts';
import type { App } from '../http.ts';
import type { Streams } from '../streams/upgrade.ts';
import { Admission } from './admission.ts';
import { listen } from './listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'kleened-tls-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

const served = {
	app: {} as App,
	streams: { attachTo() {} } as unknown as Streams,
	admission: new Admission(1024),
};

function refusal(files: Partial<ListenerConfig>, why: RegExp, hint: RegExp) {
	const config = { address: `https://${folder}/k.sock`, ...files };
	const expected = { name: 'KleeneError', what: `cannot listen on ${config.address}`, why, hint };
	return assert.rejects(listen(config, served), expected);
}

test('a file that is no socket is refused and kept', async () => {
	const path = join(folder, 'notes.txt');
	writeFileSync(path, 'precious\n');
	await assert.rejects(listen({ address: `http://${path}` }, served), {
		code: 'CONFIG_INVALID',
		why: `${path} exists and is no socket`,
	});
	assert.equal(readFileSync(path, 'utf8'), 'precious\n');
});

test('TLS files that are missing or no PEM are refused by name, with what to do', async () => {
	const missing = join(folder, 'missing.pem');
	const text = join(folder, 'text.pem');
	writeFileSync(text, 'no certificate\n');
	await refusal({}, /needs a certificate/, /give tlscert/);
	await refusal({ tlscert: missing }, /^tlscert: there is no file .*missing\.pem$/, /correct tlscert/);
	await refusal({ tlscert: text, tlskey: missing }, /^tlskey: there is no file/, /correct tlskey/);
	await refusal({ tlscert: text, tlscacert: folder }, /^tlscacert: EISDIR/, /correct tlscacert/);
	await refusal({ tlscert: text }, /do not fit together: /, /PEM certificate and its own key/);
});
