import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	closeSync,
	existsSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { getAttribute, listAttributes, setAttribute } from '#os/linux/files/directory.ts';
import { patchHeader, scratch, type TestEntry, tarOf } from '#test/host-linux/storage/scratch.ts';
import { unpack } from './unpack.ts';

async function refuses(context: TestContext, entries: readonly TestEntry[], words: RegExp): Promise<string> {
	const outside = scratch(context);
	const root = join(outside, 'root');
	mkdirSync(root);
	const archive = await tarOf(entries);
	await assert.rejects(extractArchive({ bytes: Readable.from([archive]), size: undefined }, root), (error) => {
		assert.ok(error instanceof ArchiveError, String(error));
		assert.equal(error.problem, 'hostile', error.message);
		assert.match(error.message, words);
		assert.ok(error.entry);
		return true;
	});
	assert.deepEqual(readdirSync(outside), ['root'], 'nothing beside the root');
	return root;
}

const TREE: readonly TestEntry[] = [
	{ name: './', type: 'directory', mode: 0o755 },
	{ name: './etc/', type: 'directory', mode: 0o750, uid: 7, gid: 8, mtime: new Date('2001-02-03T04:05:06Z') },
	{ name: './etc/passwd', content: 'root:x:0:0::/:/bin/sh\n', mode: 0o640, uid: 1, gid: 2 },
	{ name: './etc/link', type: 'symlink', linkname: '/outside/../..' },
	{ name: './etc/hard', type: 'link', linkname: './etc/passwd' },
	{ name: './bin/su', content: 'x', mode: 0o4755, uid: 0, gid: 5 },
	{ name: './run/fifo', type: 'fifo', mode: 0o600 },
	{ name: './dev/null', type: 'character-device', devmajor: 1, devminor: 3 },
];

test('unpacks owners, modes, times, links and FIFOs as they are', async (context) => {
	const { root, result } = await unpack(context, await tarOf(TREE));
	assert.deepEqual([result.entries, result.devices], [8, 1]);
	assert.equal(readFileSync(join(root, 'etc/passwd'), 'utf8'), 'root:x:0:0::/:/bin/sh\n');
	const passwd = statSync(join(root, 'etc/passwd'));
	assert.deepEqual([passwd.uid, passwd.gid, passwd.mode & 0o7777, passwd.nlink], [1, 2, 0o640, 2]);
	const etc = statSync(join(root, 'etc'));
	assert.deepEqual([etc.uid, etc.gid, etc.mode & 0o7777], [7, 8, 0o750]);
	assert.equal(etc.mtime.toISOString(), '2001-02-03T04:05:06.000Z');
	const su = statSync(join(root, 'bin/su'));
	assert.deepEqual([su.uid, su.gid, su.mode & 0o7777], [0, 5, 0o4755], 'setuid survives the change of owner');
	assert.equal(readlinkSync(join(root, 'etc/link')), '/outside/../..');
	assert.ok(lstatSync(join(root, 'run/fifo')).isFIFO());
	assert.equal(existsSync(join(root, 'dev/null')), false);
});

for (const [name, compress] of [
	['gzip', gzipSync],
	['zstd', zstdCompressSync],
	['xz', (data: Buffer) => execFileSync('xz', ['-c'], { input: data })],
] as const)
	test(`recognises ${name} by its first bytes, and notices when it is cut`, async (context) => {
		const noise = Buffer.from(Array.from({ length: 200_000 }, (_, n) => (n * n * 31) % 251));
		const archive = compress(await tarOf([{ name: 'noise', content: noise }]));
		const { root } = await unpack(context, archive);
		assert.deepEqual(readFileSync(join(root, 'noise')), noise);
		await assert.rejects(unpack(context, archive.subarray(0, -9)), { name: 'ArchiveError', problem: 'corrupt' });
		await assert.rejects(unpack(context, archive.subarray(0, archive.length / 2)), { problem: 'corrupt' });
		await assert.rejects(unpack(context, Buffer.concat([archive.subarray(0, 20), Buffer.alloc(5000, 7)])), {
			problem: 'corrupt',
		});
	});

test('long names, in the ways of PAX and of GNU tar', async (context) => {
	const deep = `${'d'.repeat(90)}/`.repeat(5);
	const { root } = await unpack(context, await tarOf([{ name: `${deep}ä`, content: 'pax' }]));
	assert.equal(readFileSync(join(root, deep, 'ä'), 'utf8'), 'pax');
	const made = scratch(context);
	mkdirSync(join(made, deep), { recursive: true });
	const gnu = execFileSync('tar', ['--format=gnu', '-C', made, '-c', '.']);
	const { root: again } = await unpack(context, gnu);
	assert.ok(statSync(join(again, deep)).isDirectory());
});

test('names need not be UTF-8', async (context) => {
	const archive = patchHeader(await tarOf([{ name: 'XX', content: 'bytes' }]), 0, Buffer.from([0xff, 0xfe]));
	const { root } = await unpack(context, archive);
	const names = readdirSync(root, { encoding: 'buffer' });
	assert.deepEqual(names, [Buffer.from([0xff, 0xfe])]);
});

test('attributes as tar writes them: capabilities, whatever their bytes, and those of users; no others', async (context) => {
	const made = scratch(context);
	for (const name of ['ping', 'su']) writeFileSync(join(made, name), name, { mode: 0o755 });
	execFileSync('setcap', ['cap_net_raw+ep', join(made, 'ping')]);
	execFileSync('setcap', ['cap_setuid,cap_setgid,cap_bpf+ep', join(made, 'su')]);
	const set = (path: string, name: string) => {
		const fd = openSync(path, 'r');
		setAttribute(fd, name, Buffer.from([0x80, 0xff, 0]));
		closeSync(fd);
	};
	set(join(made, 'ping'), 'user.note');
	set(made, 'trusted.overlay.opaque');
	const archive = execFileSync('tar', ['--format=posix', '--xattrs', '--xattrs-include=*', '-C', made, '-c', '.']);
	const { root } = await unpack(context, archive);
	const caps = (path: string) => execFileSync('getcap', [path], { encoding: 'utf8' }).replace(path, '');
	for (const name of ['ping', 'su']) assert.equal(caps(join(root, name)), caps(join(made, name)));
	assert.deepEqual(getAttribute(join(root, 'ping'), 'user.note'), Buffer.from([0x80, 0xff, 0]));
	assert.deepEqual(listAttributes(root), []);
});

test('of two entries with one name the later one counts, also when the first was a link', async (context) => {
	const { root } = await unpack(
		context,
		await tarOf([
			{ name: 'a', type: 'symlink', linkname: '/etc/passwd' },
			{ name: 'a', content: 'mine' },
			{ name: 'b', type: 'symlink', linkname: '/etc' },
			{ name: 'b/', type: 'directory' },
			{ name: 'b/c', content: 'inside' },
			{ name: 'd/', type: 'directory' },
			{ name: 'd', content: 'no directory' },
		]),
	);
	assert.ok(lstatSync(join(root, 'a')).isFile());
	assert.equal(readFileSync(join(root, 'b/c'), 'utf8'), 'inside');
	assert.equal(readFileSync(join(root, 'd'), 'utf8'), 'no directory');
});

const HOSTILE: readonly (readonly [string, readonly TestEntry[], RegExp])[] = [
	['a path with ..', [{ name: '../evil', content: 'x' }], /'\.\.\/evil' has a '\.\.'/],
	['.. in the middle', [{ name: 'a/../../evil', content: 'x' }], /has a '\.\.'/],
	[
		'a file through a link',
		[
			{ name: 'a', type: 'symlink', linkname: '..' },
			{ name: 'a/evil', content: 'x' },
		],
		/'a\/evil' leads through a symbolic link/,
	],
	[
		'a link put where a parent was',
		[
			{ name: 'a/', type: 'directory' },
			{ name: 'a/b', content: '' },
			{ name: 'a', type: 'symlink', linkname: '..' },
			{ name: 'a/evil', content: 'x' },
		],
		/'a' would replace a directory that has files/,
	],
	[
		'an empty parent replaced by a link after it was used',
		[
			{ name: 'a/b', content: '' },
			{ name: 'c/', type: 'directory' },
			{ name: 'c', type: 'symlink', linkname: '..' },
			{ name: 'c/evil', content: 'x' },
		],
		/leads through a symbolic link/,
	],
	[
		'a path through a file',
		[
			{ name: 'a', content: '' },
			{ name: 'a/b', content: '' },
		],
		/no directory/,
	],
	['a hard link out', [{ name: 'a', type: 'link', linkname: '../../etc/passwd' }], /has a '\.\.'/],
	[
		'a hard link through a symbolic link',
		[
			{ name: 'e', type: 'symlink', linkname: '/etc' },
			{ name: 'a', type: 'link', linkname: 'e/passwd' },
		],
		/leads through a symbolic link/,
	],
	['a NUL in a name', [{ name: 'a', content: '', pax: { path: 'a\0b' } }], /NUL/],
	['a root that is a file', [{ name: './', type: 'symlink', linkname: '/etc' }], /would replace the root directory/],
];

for (const [name, entries, words] of HOSTILE)
	test(`refuses ${name}`, async (context) => {
		await refuses(context, entries, words);
	});

test('what is no whole archive is refused with a reason', async (context) => {
	const archive = await tarOf([
		{ name: 'a', content: 'x'.repeat(3000) },
		{ name: 'b', content: 'y' },
	]);
	const cases: [string, Buffer, string, RegExp][] = [
		['empty', Buffer.alloc(0), 'corrupt', /truncated or is no tar/],
		['zeros', Buffer.alloc(10_240), 'corrupt', /holds no files/],
		['text', Buffer.from('<html>not found</html>'.repeat(100)), 'corrupt', /damaged or is no tar/],
		['cut in a file', archive.subarray(0, 1500), 'corrupt', /truncated/],
		['cut between files', archive.subarray(0, 512 + 3072), 'corrupt', /truncated/],
		['bzip2', Buffer.from('BZh91AY&SY'.padEnd(600)), 'corrupt', /bzip2/],
		['GNU sparse', patchHeader(archive, 156, 'S'), 'corrupt', /damaged map/],
		[
			'PAX sparse',
			await tarOf([{ name: 'a', content: 'x', pax: { 'GNU.sparse.major': '1' } }]),
			'unsupported',
			/sparse/,
		],
		['dangling hard link', await tarOf([{ name: 'a', type: 'link', linkname: 'b' }]), 'corrupt', /not in the archive/],
	];
	for (const [name, bytes, problem, words] of cases)
		await assert.rejects(unpack(context, bytes), (error) => {
			assert.ok(error instanceof ArchiveError);
			assert.equal(error.problem, problem, `${name}: ${error.message}`);
			assert.match(error.message, words, name);
			return true;
		});
});

test('stops before the file system is full', async (context) => {
	const root = scratch(context);
	execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'kleene-test', root]);
	try {
		// 200 MB of the same byte are 200 kB.
		const bomb = gzipSync(await tarOf([{ name: 'bomb', content: Buffer.alloc(200_000_000, 1) }]), { level: 1 });
		const archive = { bytes: Readable.from([bomb]), size: bomb.length };
		await assert.rejects(extractArchive(archive, root), { problem: 'full' });
		const many = Array.from({ length: 40_000 }, (_, n): TestEntry => ({ name: `${n}` }));
		execFileSync('mount', ['-o', 'remount,nr_inodes=3000', root]);
		const files = { bytes: Readable.from([await tarOf(many)]), size: undefined };
		await assert.rejects(extractArchive(files, root), { problem: 'full' });
	} finally {
		execFileSync('umount', [root]);
	}
});

test('entries through links inside the root are where the links lead, absolute names below the root', async (context) => {
	const { root } = await unpack(
		context,
		await tarOf([
			{ name: 'usr/lib/', type: 'directory' },
			{ name: 'lib', type: 'symlink', linkname: 'usr/lib' },
			{ name: 'var/run', type: 'symlink', linkname: '/run' },
			{ name: 'run/', type: 'directory', mtime: new Date('2001-02-03T04:05:06Z') },
			{ name: 'lib/deep/', type: 'directory', mode: 0o700 },
			{ name: 'lib/deep/file', content: 'in lib' },
			{ name: 'var/run/pid', content: '1' },
			{ name: '/etc/absolute', content: 'etc' },
			{ name: '/etc/hard', type: 'link', linkname: '/lib/deep/file' },
		]),
	);
	assert.equal(readFileSync(join(root, 'usr/lib/deep/file'), 'utf8'), 'in lib');
	assert.equal(statSync(join(root, 'usr/lib/deep')).mode & 0o777, 0o700);
	assert.equal(readFileSync(join(root, 'run/pid'), 'utf8'), '1');
	assert.ok(lstatSync(join(root, 'lib')).isSymbolicLink());
	assert.deepEqual(
		['absolute', 'hard'].map((name) => readFileSync(join(root, 'etc', name), 'utf8')),
		['etc', 'in lib'],
	);
});
