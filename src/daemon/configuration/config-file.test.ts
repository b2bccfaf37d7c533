import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readArguments } from './config.ts';
import { readConfigFile } from './config-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'kleened-config-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

function read(content: string) {
	const file = join(folder, 'config.yaml');
	writeFileSync(file, content);
	return readConfigFile(file).values;
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

/** kleened.yaml as the original ships it. */
const SHIPPED = `kleene_root: zroot/kleene
pf_config_template_path: /usr/local/etc/kleened/pf.conf.kleene
pf_config_path: /etc/pf.conf
api_listening_sockets:
  - address: "http:///var/run/kleened.sock"
enable_logging: true
log_level: info
`;

test('the file that the original ships is accepted, and keys that mean nothing here are named', () => {
	const file = join(folder, 'original.yaml');
	writeFileSync(file, SHIPPED);
	const { notes } = readConfigFile(file);
	assert.deepEqual(
		notes.map((line) => line.split(' of ')[0]),
		['ignored pf_config_template_path', 'ignored pf_config_path'],
	);
	const { config } = readArguments(['--config', file]);
	assert.deepEqual([config.root, config.freebsd], ['/var/lib/kleene', undefined]);
	assert.match(config.notes.at(-1) ?? '', /^ignored kleene_root: zroot\/kleene: it is a ZFS dataset/);
	const far = readArguments(['--config', file, '--freebsd-host', 'ssh://root@bsd1']).config;
	assert.deepEqual([far.freebsd?.zfsRoot, far.notes], ['zroot/kleene', notes]);
	assert.throws(() => read('pf_config_file: /etc/pf.conf'), { why: 'unknown key pf_config_file' });
	writeFileSync(file, 'kleene_root: kleene\n');
	assert.throws(() => readArguments(['--config', file]), { code: 'CONFIG_INVALID', why: /absolute path/ });
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
