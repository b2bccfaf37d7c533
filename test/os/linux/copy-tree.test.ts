import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	chmodSync,
	closeSync,
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	readlinkSync,
	rmSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CopyRefused, copyTree } from '#os/linux/files/copy-tree.ts';
import { digestTree } from '#os/linux/files/digest-tree.ts';
import { openRoot } from '#os/linux/files/inroot.ts';
import { select } from '#os/linux/files/selection.ts';

const OWNER = { owner: { uid: 0, gid: 0 } };

describe('files of a build', () => {
	const base = mkdtempSync(join(tmpdir(), 'kleene-copy-'));
	const from = join(base, 'from');
	const to = join(base, 'to');
	const outside = join(base, 'outside');
	const roots: number[] = [];
	const [source, target] = [() => roots[0] ?? -1, () => roots[1] ?? -1];

	before(() => {
		for (const path of [join(from, 'dir/sub'), join(from, 'other'), to, outside]) mkdirSync(path, { recursive: true });
		for (const name of ['a.txt', 'b.txt', 'dir/one.c', 'dir/sub/two.c', 'other/x'])
			writeFileSync(join(from, name), name);
		writeFileSync(join(outside, 'secret'), 'secret');
		roots.push(openRoot(from), openRoot(to));
	});
	after(() => {
		for (const fd of roots) closeSync(fd);
		rmSync(base, { recursive: true });
	});

	const copy = (path: string, target_: string, options = {}) =>
		copyTree({ root: source(), path }, { root: target(), path: target_ }, { ...OWNER, ...options });

	test('patterns name files, directories and what is below them', async () => {
		assert.deepEqual(await select(source(), '*.txt'), ['a.txt', 'b.txt']);
		assert.deepEqual(await select(source(), '**/*.c'), ['dir/one.c', 'dir/sub/two.c']);
		assert.deepEqual(await select(source(), '[^b]*'), ['a.txt', 'dir', 'other']);
		assert.deepEqual(await select(source(), '/di?/../dir/./sub'), ['dir/sub']);
		assert.deepEqual(await select(source(), '.'), ['']);
		assert.deepEqual(await select(source(), '../../outside/*'), []);
	});

	test('a directory gives what is in it, with permissions and times', async () => {
		chmodSync(join(from, 'dir/one.c'), 0o4755);
		utimesSync(join(from, 'dir/one.c'), 1000, 1000);
		await copy('dir', 'app/src');
		assert.equal(readFileSync(join(to, 'app/src/sub/two.c'), 'utf8'), 'dir/sub/two.c');
		const { mode, mtimeMs } = lstatSync(join(to, 'app/src/one.c'));
		assert.deepEqual([mode & 0o7777, mtimeMs], [0o4755, 1_000_000]);
		assert.equal(lstatSync(join(to, 'app')).mode & 0o7777, 0o755);
	});

	test('owner and permissions can be set, files are replaced, directories stay', async () => {
		mkdirSync(join(to, 'kept'), { mode: 0o700 });
		await copy('dir', 'kept');
		await copy('dir', 'kept', { owner: { uid: 12, gid: 34 }, mode: 0o640 });
		const { uid, gid, mode } = lstatSync(join(to, 'kept/sub/two.c'));
		assert.deepEqual([uid, gid, mode & 0o7777], [12, 34, 0o640]);
		assert.equal(lstatSync(join(to, 'kept')).mode & 0o7777, 0o700);
	});

	test('links inside are copied as they are; nothing is read or written through a link that leads out', async () => {
		symlinkSync(outside, join(from, 'other/out'));
		symlinkSync('../../outside/secret', join(from, 'other/up'));
		symlinkSync(join(outside, 'secret'), join(from, 'secret'));
		await copy('other', 'links');
		assert.equal(readlinkSync(join(to, 'links/out')), outside);
		await assert.rejects(copy('secret', 'stolen'), { code: 'ENOENT' });
		symlinkSync(outside, join(to, 'escape'));
		await assert.rejects(copy('a.txt', 'escape/a.txt'), CopyRefused);
		symlinkSync(join(outside, 'secret'), join(to, 'file'));
		await copy('a.txt', 'file');
		assert.equal(readFileSync(join(to, 'file'), 'utf8'), 'a.txt');
		assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
		assert.equal(existsSync(join(outside, 'a.txt')), false);
	});

	test('a link to a directory of the target is followed inside of it', async () => {
		mkdirSync(join(to, 'usr/lib'), { recursive: true });
		symlinkSync('/usr/lib', join(to, 'lib'));
		await copy('dir', 'lib');
		assert.equal(readFileSync(join(to, 'usr/lib/one.c'), 'utf8'), 'dir/one.c');
	});

	test('directories in the way, sockets and devices are refused', async () => {
		mkdirSync(join(to, 'taken'));
		await assert.rejects(copy('a.txt', 'taken'), CopyRefused);
		await copy('a.txt', 'plain');
		await assert.rejects(copy('dir', 'plain'), CopyRefused);
		mkdirSync(join(from, 'special'));
		execFileSync('mknod', [join(from, 'special/zero'), 'c', '1', '5']);
		await assert.rejects(copy('special', 'devices'), CopyRefused);
		rmSync(join(from, 'special'), { recursive: true });
	});

	test('digests see names, content and permissions, not times', async () => {
		const digest = () => digestTree(source(), ['dir', 'a.txt']);
		const first = await digest();
		utimesSync(join(from, 'a.txt'), 5, 5);
		assert.equal(await digest(), first);
		chmodSync(join(from, 'a.txt'), 0o600);
		const second = await digest();
		writeFileSync(join(from, 'dir/sub/two.c'), 'changed');
		assert.equal(new Set([first, second, await digest()]).size, 3);
	});
});
