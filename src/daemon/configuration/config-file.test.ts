import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfigFile } from './config-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'kleened-config-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

function read(content: string) {
	const file = join(folder, 'config.yaml');
	writeFileSync(file, content);
	return readConfigFile(file);
}

test('what a configuration file says is read, an empty one says nothing', () => {
	assert.deepEqual(read(''), {});
	const sockets = '[{address: "http:///run/k.sock"}]';
	assert.deepEqual(read(`log_level: notice\nenable_logging: false\napi_listening_sockets: ${sockets}\n`), {
		log_level: 'notice',
		enable_logging: false,
		api_listening_sockets: [{ address: 'http:///run/k.sock' }],
	});
});

test('a misfit is told in the words of the file, with what would fit', () => {
	const cases: [string, string, RegExp][] = [
		['foo: 1', 'unknown key foo', /^known keys: kleene_root, /],
		['log_level: loud', 'log_level has an invalid value', /^choose one of debug, info, .*emergency$/],
		['kleene_root: 7', 'kleene_root is not text', /correct it/],
		['enable_logging: maybe', 'enable_logging is not true or false', /correct it/],
		['dns: 192.0.2.1', 'dns is not a list', /correct it/],
		['- a', 'the file is not a list of "key: value" lines', /^known keys: /],
		['api_listening_sockets: [{addres: x}]', 'unknown key addres in api_listening_sockets[0]', /: address, tls/],
		['api_listening_sockets: [{}]', 'api_listening_sockets[0] has no address', /^known keys: address/],
		[
			'api_listening_sockets: [{address: x, tlsverify: "yes"}]',
			'api_listening_sockets[0].tlsverify is not true or false',
			/correct it/,
		],
	];
	for (const [content, why, hint] of cases)
		assert.throws(() => read(content), { name: 'KleeneError', code: 'CONFIG_INVALID', why, hint }, content);
});
