/** Daemons under names: which one a command talks to, and where the names are kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { makeCertificates } from '#test/testbed/certificates.ts';
import { klee as kleeWith } from './run-klee.ts';
import { StubDaemon } from './stub-daemon.ts';

const DAEMONS = ['one', 'two', 'three'] as const;
const hosts = new Map<string, string>();
const stubs: StubDaemon[] = [];
let home: string;

before(async () => {
	for (const name of DAEMONS) {
		const network = { name, id: '1', type: 'bridge', subnet: '', created: '2026-01-01T00:00:00.000000Z' };
		const stub = await StubDaemon.start({ answers: { 'GET /networks/list': [200, [network]] } });
		stubs.push(stub);
		hosts.set(name, stub.host);
	}
});
after(async () => {
	for (const stub of stubs) await stub.close();
	rmSync(home, { recursive: true, force: true });
});
beforeEach(() => {
	if (home) rmSync(home, { recursive: true, force: true });
	home = mkdtempSync(join(tmpdir(), 'contexts-'));
});

const hostOf = (name: string) => hosts.get(name) ?? '';
const klee = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
	kleeWith(words, { env: { HOME: home, ...env } });

async function create(...names: readonly string[]): Promise<void> {
	for (const name of names) assert.equal((await klee(['context', 'create', name, '--host', hostOf(name)])).code, 0);
}

/** Name of the daemon that answered. */
async function asked(words: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string> {
	const { stdout, stderr } = await klee([...words, 'lsn', '--json'], env);
	return stdout === '' ? stderr : ((JSON.parse(stdout) as { name: string }[])[0]?.name ?? '');
}

test('the flag comes before the environment, that before the current context, that before the file', async () => {
	await create('one', 'two', 'three');
	writeFileSync(join(home, 'klee.yaml'), `host: ${hostOf('three')}\n`);
	const file = ['--config', join(home, 'klee.yaml')];
	assert.equal(await asked(file), 'three');
	assert.equal((await klee(['context', 'use', 'one'])).stdout, 'one\n');
	assert.equal(await asked(), 'one');
	assert.equal(await asked(file), 'three', 'a file that was named');
	assert.equal(await asked([], { KLEE_CONTEXT: 'two' }), 'two');
	assert.equal(await asked([], { KLEE_CONTEXT: 'two', KLEE_HOST: hostOf('three') }), 'three');
	assert.equal(await asked(['--context', 'one'], { KLEE_HOST: hostOf('three') }), 'one');
	assert.equal(await asked(['--host', hostOf('two')], { KLEE_CONTEXT: 'three' }), 'two');
	assert.equal(await asked(['--context', 'default'], { KLEE_HOST: hostOf('three') }), 'three');
	const both = await klee(['--context', 'one', '--host', hostOf('two'), 'lsn']);
	assert.deepEqual([both.code, both.stdout], [2, '']);
	assert.match(both.stderr, /--context and --host both name a daemon/);
});

test('contexts are listed, shown and removed; the current one is marked', async () => {
	assert.equal((await klee(['context', 'show'])).stdout, 'default\n');
	await create('one');
	const words = ['context', 'create', 'two', '--host', hostOf('two'), '--description', 'the lab', '--use'];
	assert.deepEqual(await klee(words), { code: 0, signal: null, stdout: 'two\n', stderr: '' });
	assert.equal((await klee(['context', 'show'])).stdout, 'two\n');
	const { stdout } = await klee(['--theme', 'simple', 'context', 'ls']);
	assert.match(stdout, /^ one +\| \S+ +\|$/m);
	assert.match(stdout, /^ two \* +\| \S+ +\| the lab$/m);
	assert.partialDeepStrictEqual(JSON.parse((await klee(['context', 'inspect'])).stdout), {
		name: 'two',
		host: hostOf('two'),
		current: true,
	});
	assert.match(
		(await klee(['context', 'create', 'one', '--host', hostOf('one')])).stderr,
		/a context of this name exists/,
	);
	assert.equal((await klee(['context', 'rm', 'two', 'one'])).stdout, 'two\none\n');
	assert.equal((await klee(['context', 'show'])).stdout, 'default\n');
	assert.deepEqual(readdirSync(join(home, '.config/klee/contexts')), []);
});

test('a context that is gone or damaged is named, and the others still work', async () => {
	await create('one', 'two');
	await klee(['context', 'use', 'two']);
	rmSync(join(home, '.config/klee/contexts/two'), { recursive: true });
	const gone = await klee(['lsn']);
	assert.equal(gone.code, 2);
	assert.match(gone.stderr, /there is no context of this name/);
	assert.match(gone.stderr, /klee context use default/);
	assert.equal(await asked(['--context', 'one']), 'one');
	await create('two');
	writeFileSync(join(home, '.config/klee/contexts/two/context.json'), '{');
	const listed = await klee(['context', 'ls']);
	assert.equal(listed.code, 1);
	assert.match(listed.stdout, /one/);
	assert.match(listed.stderr, /cannot read context two/);
	assert.equal((await klee(['context', 'rm', 'two'])).code, 0);
	for (const name of ['../x', 'default', '', 'a/b'])
		assert.equal((await klee(['context', 'create', name, '--host', hostOf('one')])).code, 1, name);
});

test('files are for the user alone, and TLS files are copied', async () => {
	const folder = mkdtempSync(join(home, 'tls-'));
	makeCertificates(folder);
	const file = (name: string) => join(folder, name);
	const tls = ['--tlscacert', file('ca.pem'), '--tlscert', file('client.pem'), '--tlskey', file('client.key')];
	const config = join(home, 'xdg');
	const env = { XDG_CONFIG_HOME: config };
	const words = ['context', 'create', 'lab', '--host', 'https://192.0.2.1:2376'];
	assert.equal((await klee([...words, ...tls], env)).code, 0);
	const lab = join(config, 'klee/contexts/lab');
	assert.deepEqual(readdirSync(lab).sort(), ['ca.pem', 'cert.pem', 'context.json', 'key.pem']);
	for (const name of readdirSync(lab)) assert.equal(statSync(join(lab, name)).mode & 0o777, 0o600, name);
	assert.equal(statSync(lab).mode & 0o777, 0o700);
	assert.equal(readFileSync(join(lab, 'key.pem'), 'utf8'), readFileSync(file('client.key'), 'utf8'));
	const refused = async (more: readonly string[]) => (await klee([...words.toSpliced(2, 1, 'x'), ...more], env)).stderr;
	assert.match(await refused(['--tlscert', file('client.pem')]), /--tlscert has no --tlskey/);
	assert.match(await refused(['--tlscert', file('client.pem'), '--tlskey', file('ca.key')]), /do not fit together/);
	assert.match(await refused(['--tlscacert', '/missing']), /cannot read the TLS CA certificate/);
	const plain = await klee(['context', 'create', 'x', '--host', 'http://192.0.2.1', '--tlsverify'], env);
	assert.match(plain.stderr, /has no TLS/);
	assert.deepEqual(readdirSync(join(config, 'klee/contexts')), ['lab']);
});

test('names of contexts are completed, and names of objects come from the daemon of the context', async () => {
	await create('one', 'two');
	const complete = async (...words: string[]) =>
		(await klee(['__complete', '--', ...words])).stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
	assert.deepEqual(await complete('--context', ''), ['default', 'one', 'two']);
	assert.deepEqual(await complete('context', 'use', 't'), ['two']);
	assert.deepEqual(await complete('context', 'rm', 'one', ''), ['default', 'two']);
	assert.deepEqual(await complete('--context', 'two', 'network', 'rm', ''), ['two']);
});
