/** The files that pkg-create(8) takes: the packing list against what is staged, and the fields of the manifest. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { copyCheckout, userEnvironment } from './checkout-copy.ts';

const folder = mkdtempSync(join(tmpdir(), 'pkg-'));
const prefix = join(folder, 'made/stage/usr/local');
const env = userEnvironment(folder);

before(async () => {
	const source = join(folder, 'source');
	mkdirSync(source);
	copyCheckout(source);
	const made = ['npm', 'run', '--silent', 'package:freebsd', '--', join(folder, 'made')];
	await outputOf(made, { cwd: source, env, timeout: 200_000 });
});
after(() => rmSync(folder, { recursive: true, force: true }));

const linesOf = () => readFileSync(join(folder, 'made/pkg-plist'), 'utf8').trimEnd().split('\n');

test('the packing list names every staged file once, with its mode, and the state', () => {
	const modes = new Map<string, string>();
	for (const line of linesOf()) {
		const [, mode = 'link', path = ''] = /^(?:@(?:dir)?\(root,wheel,(\d{4})\) )?(\S+)$/.exec(line) ?? [];
		assert.ok(path !== '' && !modes.has(path), line);
		modes.set(path, mode);
	}
	assert.equal(modes.get('/var/lib/kleene'), '0711');
	modes.delete('/var/lib/kleene');
	const staged = readdirSync(prefix, { recursive: true, encoding: 'utf8' }).filter(
		(path) => !lstatSync(join(prefix, path)).isDirectory(),
	);
	assert.deepEqual([...modes.keys()].toSorted(), staged.toSorted());
	for (const [path, mode] of modes) {
		const status = lstatSync(join(prefix, path));
		assert.equal(mode, status.isSymbolicLink() ? 'link' : `0${(status.mode & 0o777).toString(8)}`, path);
		assert.equal(status.mode & 0o022 & (status.isSymbolicLink() ? 0 : 0o777), 0, path);
	}
	for (const path of [
		'bin/klee',
		'bin/kleened',
		'etc/rc.d/kleened',
		'lib/kleene/dist/kleened-main.mjs',
		'lib/kleene/dist/console/index.html',
		'lib/kleene/node_modules/koffi/package.json',
		'share/man/man8/kleened.8.gz',
		'share/bash-completion/completions/klee',
		'share/zsh/site-functions/_klee',
		'share/doc/kleene/freebsd.md',
	])
		assert.ok(modes.has(path), path);
	assert.equal(modes.get('etc/rc.d/kleened'), '0555');
	assert.doesNotMatch([...modes.keys()].join('\n'), /compile-cache|\.map$|dist\/init/m);
});

test('links of the programs lead to them, below the prefix', () => {
	for (const name of ['klee', 'kleened']) {
		const link = join(prefix, 'bin', name);
		assert.ok(lstatSync(link).isSymbolicLink() && (statSync(link).mode & 0o111) !== 0, name);
		assert.doesNotMatch(relative(prefix, link), /^\.\./);
	}
});

test('the staged klee runs from its prefix', async () => {
	assert.equal(await outputOf([join(prefix, 'bin/klee'), '--version'], { env, cwd: folder }), 'klee, version 0.1.0\n');
});

test('the manifest has the fields that pkg-create(8) wants, and says how to go on', () => {
	const manifest = JSON.parse(readFileSync(join(folder, 'made/+MANIFEST'), 'utf8')) as Record<string, unknown>;
	for (const key of ['name', 'origin', 'version', 'comment', 'desc', 'maintainer', 'www', 'prefix'])
		assert.ok(typeof manifest[key] === 'string' && manifest[key] !== '', key);
	assert.equal(manifest.prefix, '/usr/local');
	const [note] = manifest.messages as { type: string; message: string }[];
	assert.equal(note?.type, 'install');
	assert.match(note?.message ?? '', /kleened setup-pf[\s\S]*sysrc kleened_enable=YES/);
	assert.deepEqual(Object.keys(manifest.deps as object), ['node24']);
});
