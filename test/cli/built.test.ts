/** klee as it is installed: the bundle that bin/klee prefers, made for the test beside the sources. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { startProcess } from './run-klee.ts';
import { StubDaemon } from './stub-daemon.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
let folder: string;
let stub: StubDaemon;

before(async () => {
	folder = mkdtempSync(join(tmpdir(), 'klee-built-'));
	for (const name of ['bin', 'src', 'scripts', 'package.json'])
		cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true });
	symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
	const build = spawnSync(process.execPath, ['scripts/build.ts'], { cwd: folder, encoding: 'utf8' });
	assert.equal(build.status, 0, build.stderr);
	stub = await StubDaemon.start({ answers: { 'GET /networks/list': [200, []] } });
});
after(async () => {
	await stub.close();
	rmSync(folder, { recursive: true });
});

test('the bundle reads a configuration file, whichever way it finds it', async () => {
	mkdirSync(join(folder, 'home/.klee'), { recursive: true });
	writeFileSync(join(folder, 'home/.klee/klee_config.yaml'), `host: ${stub.host}\ntheme: simple\n`);
	const klee = join(folder, 'bin/klee');
	const file = join(folder, 'home/.klee/klee_config.yaml');
	for (const { words, env } of [
		{ words: ['--config', file, 'lsn'], env: {} },
		{ words: ['lsn'], env: { HOME: join(folder, 'home') } },
	]) {
		const { code, stdout, stderr } = await startProcess(klee, words, { env }).ended;
		assert.deepEqual([code, stderr], [0, '']);
		assert.match(stdout, /^ ID \| NAME/);
	}
});

test('the bundle runs a command over a WebSocket, with its own HTTP and hashes', async () => {
	const talking = await StubDaemon.start({
		stream: (stream) => {
			stream.start({ container_id: 'c1', exec_id: 'e1' });
			stream.onInput((bytes) => {
				stream.stdout(bytes);
				stream.end(1000, 'e1 has exited with exit-code 3');
			});
		},
	});
	const klee = startProcess(join(folder, 'bin/klee'), ['--host', talking.host, 'run', '-i', 'I', 'cat'], {
		input: true,
	});
	const input = `${'long enough for masks of many bytes, '.repeat(20)}\n`;
	klee.child.stdin?.write(input);
	const { code, stdout } = await klee.ended.finally(() => talking.close());
	assert.deepEqual([code, stdout], [3, input]);
});

test('a command leaves its compiled code beside the bundle, for all users, and what is damaged does no harm', async () => {
	const cache = join(folder, 'dist/.compile-cache');
	rmSync(cache, { recursive: true, force: true });
	const run = () => startProcess(join(folder, 'bin/klee'), ['--host', stub.host, 'lsn']).ended;
	const find = () => {
		const [only = '', ...others] = readdirSync(cache);
		assert.deepEqual(others, []);
		return join(cache, only, 'lsn');
	};
	const first = await run();
	assert.equal(statSync(find()).mode & 0o777, 0o644);
	const { mtimeMs, size } = statSync(find());
	assert.deepEqual(await run(), first);
	assert.equal(statSync(find()).mtimeMs, mtimeMs, 'the second start takes it as it is');
	for (const damaged of [Buffer.from('nothing'), Buffer.alloc(size, 1)]) {
		writeFileSync(find(), damaged);
		assert.deepEqual(await run(), first);
		assert.ok(statSync(find()).size > size / 2, 'it is written anew');
	}
	await startProcess(join(folder, 'bin/klee'), ['nonsense']).ended;
	assert.deepEqual(readdirSync(dirname(find())), ['lsn'], 'a command that does not exist leaves nothing');
});
