/** klee as it is installed: the bundle that bin/klee prefers, made for the test beside the sources. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
