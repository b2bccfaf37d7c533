/** Scripts that copy files into containers that are built, on a real sh with the tar that FreeBSD has. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { buildPlace, CONTEXT, write } from './place.ts';

const context = { kind: 'context', context: CONTEXT } as const;

test('files and directories go where COPY says, as root or as who is named', async (t) => {
	const { root, send, copy } = buildPlace(t);
	const text = (path: string) => readFileSync(join(root, path), 'utf8');
	await send({ 'a.txt': 'a', 'b.txt': 'b', 'dir/sub/c': 'c', "dir/it's $HOME": 'odd' }, (directory) =>
		symlinkSync('sub/c', join(directory, 'dir/link')),
	);
	await copy({ sources: ['a.txt'], destination: '/one/two.txt' });
	assert.equal(text('one/two.txt'), 'a');
	assert.equal(statSync(join(root, 'one/two.txt')).uid, 0);
	await copy({ sources: ['a.txt'], destination: '/one/' });
	await copy({ sources: ['*.txt'], destination: '/many', owner: 'web:files' });
	assert.deepEqual([text('one/a.txt'), text('many/a.txt'), text('many/b.txt')], ['a', 'a', 'b']);
	const { uid, gid } = statSync(join(root, 'many/b.txt'));
	assert.deepEqual([uid, gid], [80, 90]);
	await copy({ sources: ['dir'], destination: '/tree', owner: '7' });
	assert.deepEqual(
		[text('tree/sub/c'), text("tree/it's $HOME"), readlinkSync(join(root, 'tree/link'))],
		['c', 'odd', 'sub/c'],
	);
	assert.deepEqual([statSync(join(root, 'tree/sub/c')).uid, statSync(join(root, 'tree')).gid], [7, 7]);
	await copy({ sources: ['dir/', 'b.txt'], destination: '/modes/', mode: 0o750 });
	assert.equal(statSync(join(root, 'modes/sub/c')).mode & 0o7777, 0o750);
	assert.equal(statSync(join(root, 'modes/b.txt')).mode & 0o7777, 0o750);
	await copy({ files: [{ name: 'x', content: "it's\n$(here)\\n" }], destination: '/inline' });
	assert.equal(text('inline'), "it's\n$(here)\\n");
	await copy({ destination: '/work/dir' });
	assert.ok(statSync(join(root, 'work/dir')).isDirectory());
	assert.ok(!existsSync(join(root, '..', '..', 'build', 'copy-c0ffee123456')));
});

test('the mode of the root stays as it is when a context is copied over it', async (t) => {
	const { root, send, copy } = buildPlace(t);
	await send({ 'x/y': '1' });
	execFileSync('chmod', ['711', root]);
	await copy({ sources: ['.'], destination: '/' });
	assert.equal(statSync(root).mode & 0o777, 0o711);
	assert.equal(readFileSync(join(root, 'x/y'), 'utf8'), '1');
});

test('links in the root and in the context never lead out', async (t) => {
	const { root, directory, send, copy } = buildPlace(t);
	const outside = join(directory, 'outside');
	write(outside, { secret: 'secret' });
	symlinkSync(outside, join(root, 'absolute'));
	symlinkSync('../../../outside', join(root, 'relative'));
	await send({ 'tree/absolute/x': 'x', file: 'f' }, (place) => {
		symlinkSync(join(outside, 'secret'), join(place, 'stolen'));
		symlinkSync(outside, join(place, 'all'));
	});
	await copy({ sources: ['file'], destination: '/absolute/' });
	assert.equal(readFileSync(join(root, outside, 'file'), 'utf8'), 'f', 'inside of the root');
	await copy({ sources: ['file'], destination: '/relative/here' });
	assert.equal(readFileSync(join(root, 'outside/here'), 'utf8'), 'f');
	await copy({ sources: ['tree'], destination: '/' });
	assert.ok(lstatSync(join(root, 'absolute')).isDirectory(), 'a directory takes the place of the link');
	for (const source of ['stolen', 'all/secret', 'all/*', '../../../outside/secret', '/etc/hostname'])
		await assert.rejects(copy({ sources: [source], destination: '/x' }), { code: 'BUILD_FAILED' }, source);
	assert.deepEqual(execFileSync('ls', [outside], { encoding: 'utf8' }), 'secret\n');
});

test('archives are unpacked by ADD, and refused where they lead out', async (t) => {
	const { root, directory, send, copy } = buildPlace(t);
	const files = join(directory, 'files');
	write(files, { 'in/it': 'it' });
	const outside = join(directory, 'outside');
	write(outside, {});
	await send({ plain: 'no archive' }, (place) => {
		execFileSync('tar', ['-cJf', join(place, 'a.txz'), '-C', files, '.']);
		execFileSync('tar', ['-cf', join(place, 'up.tar'), '-C', files, '--transform', 's,in/it,../../up,', '-P', 'in/it']);
	});
	await copy({ sources: ['a.txz', 'plain'], destination: '/added/', unpack: true });
	assert.equal(readFileSync(join(root, 'added/in/it'), 'utf8'), 'it');
	assert.equal(readFileSync(join(root, 'added/plain'), 'utf8'), 'no archive');
	await copy({ sources: ['a.txz'], destination: '/kept', unpack: false });
	assert.ok(lstatSync(join(root, 'kept')).isFile());
	await assert.rejects(copy({ sources: ['up.tar'], destination: '/added', unpack: true }), { code: 'BUILD_FAILED' });
	assert.ok(!existsSync(join(root, 'up')));
});

test('what is not there or in the way is said', async (t) => {
	const { root, send, copy } = buildPlace(t);
	await send({ file: 'f' }, (place) => void execFileSync('mkfifo', [join(place, 'fifo')]));
	await assert.rejects(copy({ sources: ['none*'], destination: '/' }), /no such file/);
	await assert.rejects(copy({ sources: ['fifo'], destination: '/x' }), /neither a file nor a directory/);
	await assert.rejects(copy({ sources: ['file'], destination: '/x', owner: 'nobody' }), /no such user/);
	write(root, { 'd/file/x': '' });
	await assert.rejects(copy({ sources: ['file'], destination: '/d/' }), /a directory of this name/);
});

test('the digest of files depends on names, permissions and contents alone; texts are read', async (t) => {
	const { builds, send, directory } = buildPlace(t);
	const digest = async (files: Record<string, string>, ...sources: string[]) => {
		await builds.discard(CONTEXT);
		await send(files);
		return await builds.digest({ origin: context, sources });
	};
	const first = await digest({ 'a/b': '1', 'a/c': '2', d: '3' }, 'a');
	assert.match(first, /^[0-9a-f]{64}$/);
	assert.equal(await digest({ 'a/b': '1', 'a/c': '2', d: 'other' }, 'a'), first);
	for (const files of [
		{ 'a/b': '1', 'a/c': '3' },
		{ 'a/b': '1', 'a/x': '2' },
	] as Record<string, string>[])
		assert.notEqual(await digest(files, 'a'), first);
	assert.equal(await digest({ 'x/1/t': '', 'x/2/t': '' }, '**/t'), await digest({ 'x/1/t': '', 'x/2/t': '' }, 'x/*/t'));
	await assert.rejects(builds.digest({ origin: context, sources: ['none'] }), { code: 'BUILD_FAILED' });
	assert.equal(await builds.read(context, 'x/1/t'), '');
	assert.equal(await builds.read(context, 'none'), undefined);
	write(join(directory, 'here'), { Dockerfile: 'FROM x\n' });
	assert.equal(await builds.read({ kind: 'directory', path: `${join(directory, 'here')}/` }, 'Dockerfile'), 'FROM x\n');
});

test('a context that is no archive, or leads out, is refused and leaves nothing', async (t) => {
	const { builds, directory } = buildPlace(t);
	const place = join(directory, 'k/build', CONTEXT);
	await assert.rejects(builds.receive(CONTEXT, Readable.from([Buffer.alloc(5000, 'x')])), { code: 'BUILD_FAILED' });
	write(join(directory, 'f'), { x: '' });
	const up = execFileSync('tar', ['-cf', '-', '-C', join(directory, 'f'), '--transform', 's,x,../up,', '-P', 'x']);
	await assert.rejects(builds.receive(CONTEXT, Readable.from([up])), { code: 'HOSTILE_ARCHIVE' });
	assert.ok(!existsSync(place));
	rmSync(join(directory, 'f'), { recursive: true });
});
