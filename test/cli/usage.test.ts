import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { klee } from './run-klee.ts';
import { StubDaemon } from './stub-daemon.ts';

const NOWHERE = ['--host', '/nonexistent/kleened.sock'];
let stub: StubDaemon;
let folder: string;

before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'klee-config-'));
	stub = await StubDaemon.start({ answers: { 'GET /networks/list': [200, []] } });
});
after(async () => {
	await stub.close();
	rmSync(folder, { recursive: true });
});

test('klee, its groups and commands without operands print their help', async () => {
	for (const words of [[], ['network'], ['network', 'create'], ['run'], ['image', 'create'], ['rmc', '--help']]) {
		const { code, stdout, stderr } = await klee(words);
		assert.deepEqual([code, stderr], [0, ''], words.join(' '));
		assert.match(stdout, /^Usage: klee/);
	}
});

test('help tells the defaults that there are', async () => {
	const { stdout } = await klee(['run', '--help']);
	assert.doesNotMatch(stdout, /default: \[\]/);
	assert.match(stdout, /--restart <POLICY> .*default: "no"/s);
	assert.match((await klee(['stop', '--help'])).stdout, /killed \(default: 10\)$/m);
});

test('the version is printed by option and command', async () => {
	for (const words of [['--version'], ['version']]) {
		const { code, stdout } = await klee(words);
		assert.equal(code, 0);
		assert.match(stdout, /^klee, version \d+\.\d+\.\d+\n$/);
	}
});

test('a usage error goes to stderr, exits 2 and says where to read on', async () => {
	const cases: readonly [string[], RegExp][] = [
		[['nonsense'], /error: unknown command 'nonsense'/],
		[['network', 'lss'], /unknown command 'lss'[\s\S]*did you mean ls\?/],
		[['lsn', '--bogus'], /unknown option '--bogus'[\s\S]*see klee lsn --help/],
		[['network', 'connect', 'web'], /missing required argument 'CONTAINER'/],
		[['network', 'create', '-t', 'mesh', 'web'], /Allowed choices are loopback, bridge, custom/],
		[['network', 'create', '--icc=maybe', 'web'], /'maybe' is not a boolean/],
		[['network', 'create', '-i', 'kleene-network-0', 'web'], /nterface names have at most 15 characters/],
		[['network', 'create', '--nat-if', 'kleene-network-0', 'web'], /nterface names have at most 15 characters/],
		[['network', 'create', '--mtu', '67', 'web'], /number of bytes from 68 to 65535/],
		[['network', 'create', '--mtu', '65536', 'web'], /number of bytes from 68 to 65535/],
		[['create', '-l', 'x', 'img'], /Allowed choices are host, ipnet, vnet, disabled/],
		[['create', '-e', '=A', 'img'], /'=A' sets no environment variable/],
		[['start', 'a', 'b'], /only one container can be started when attaching to container I\/O\./],
		[['image', 'create', 'fetch'], /The SOURCE argument is needed when creating images using the 'fetch' method\./],
		[['image', 'create', 'fetch', 'a', 'b'], /too many arguments: b|too many arguments/],
		[['container', 'update', 'c'], /there is nothing to update/],
		[['--theme', 'neon', 'lsn'], /Allowed choices are fancy, simple/],
		[['--host', 'ftp://x', 'lsn'], /Could not parse the '--host' parameter/],
		[['--tlscert', 'x', 'lsn'], /When '--tlscert' is set you must also provide the '--tlskey'/],
	];
	for (const [words, message] of cases) {
		const { code, stdout, stderr } = await klee([...(words[0] === '--host' ? [] : NOWHERE), ...words]);
		assert.equal(code, 2, `${words.join(' ')}: ${stderr}`);
		assert.equal(stdout, '');
		assert.match(stderr, message);
		assert.match(stderr, /^ hint: /m);
	}
});

test('a malformed mount exits 125, and so does anything else that run or exec refuse', async () => {
	const { code, stderr } = await klee([...NOWHERE, 'run', '-m', 'a', 'img']);
	assert.equal(code, 125);
	assert.match(stderr, /invalid mount format 'a'/);
	for (const words of [
		['run', '-l', 'x', 'img'],
		['exec', '--nosuch', 'c', 'ls'],
		['container', 'run', '-e', 'A', 'i'],
	])
		assert.equal((await klee([...NOWHERE, ...words])).code, 125, words.join(' '));
});

test('a daemon that is not there: one message with what, why and hint', async () => {
	const { code, stdout, stderr } = await klee([...NOWHERE, 'lsn']);
	assert.deepEqual([code, stdout], [1, '']);
	assert.match(
		stderr,
		/^error: unable to connect to kleened: there is no socket \/nonexistent\/kleened\.sock\n hint: .*kleened.*--host/,
	);
	const run = await klee(['--host', 'http://127.0.0.1:1', 'run', 'img']);
	assert.equal(run.code, 125);
	assert.match(run.stderr, /nothing listens at http:\/\/127\.0\.0\.1:1/);
});

test('root options go before environment, environment before file', async () => {
	const file = join(folder, 'klee_config.yaml');
	const env = { KLEE_HOST: stub.host };
	assert.equal((await klee(['lsn'], { env })).code, 0);
	assert.equal((await klee([...NOWHERE, 'lsn'], { env })).code, 1);
	writeFileSync(file, `host: ${stub.host}\ntheme: simple\n`);
	const { stdout } = await klee(['lsn'], { cwd: folder });
	assert.equal(stdout.split('\n')[1], '----+------+------+--------');
	assert.equal((await klee(['lsn'], { cwd: folder, env: { KLEE_HOST: '/nonexistent' } })).code, 1);
	const themed = await klee(['--config', file, '--theme', 'fancy', 'lsn']);
	assert.match(themed.stdout, /─/);
});

test('an unknown key in the configuration file exits 255; a file that cannot be parsed is passed over, aloud', async () => {
	const file = join(folder, 'bad.yaml');
	writeFileSync(file, 'hots: x\n');
	const unknown = await klee(['--config', file, 'lsn']);
	assert.equal(unknown.code, 255);
	assert.ok(unknown.stderr.includes(`Config file ${file} is not valid: parameter name 'hots' unknown`));
	writeFileSync(file, 'a: [\n');
	const broken = await klee(['--config', file, '--host', stub.host, 'lsn']);
	assert.equal(broken.code, 0);
	assert.match(broken.stderr, /Could not parse config at/);
});

test('a value in the configuration file that does not fit is told with one that does', async () => {
	const file = join(folder, 'values.yaml');
	const cases: [string, RegExp, RegExp][] = [
		['tlsverify: "true"', /tlsverify is neither true nor false/, /write "tlsverify: true", without quotation marks/],
		['theme: neon', /there is no theme 'neon'/, /"theme: simple"/],
		['host: 7', /host is not text/, /write the value of host in quotation marks/],
	];
	for (const [content, why, hint] of cases) {
		writeFileSync(file, content);
		const { code, stderr } = await klee(['--config', file, 'lsn']);
		assert.equal(code, 255, content);
		assert.match(stderr, why);
		assert.match(stderr, hint);
	}
	writeFileSync(file, `host: ${stub.host}\ntheme:\ntlskey: ""\n`);
	const { code, stdout } = await klee(['--config', file, 'lsn']);
	assert.equal(code, 0);
	assert.match(stdout, /─/);
});
