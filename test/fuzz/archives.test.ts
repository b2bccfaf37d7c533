/** Archives with hostile entries in any order, and damaged ones: what is unpacked is inside, bounded, and no device. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { type TestEntry, tarOf } from '#test/host-linux/storage/scratch.ts';
import { holds } from './amount.ts';
import { changedBytes } from './mutations.ts';

/** Milliseconds that one archive may take, on a busy machine. */
const PATIENCE = 10_000;
/** None of the archives holds more. Bytes. */
const LARGEST = 1_000_000;

const NAMES = [
	...[
		'a',
		'a/b',
		'a/b/c',
		'b',
		'etc/passwd',
		'./',
		'.',
		'..',
		'../evil',
		'a/../../evil',
		'/evil',
		'//evil',
		'a//b',
		'a/./b',
	],
	...[
		'a\0b',
		'a\nb',
		'\u202ea',
		'💥',
		`${'n'.repeat(255)}`,
		`${'n'.repeat(256)}`,
		'd/'.repeat(300),
		'x'.repeat(5000),
		' ',
		'-rf',
	],
	...['.wh.a', 'a/.wh.b', 'a/.wh..wh..opq', '.wh...', '.wh.', 'a/.wh.../x', '.wh..wh.plnk/1'],
	...['a/b/../c', '.../x', 'dev/null', 'dev/sda', 'proc/self/root/x', 'link/x', 'link/../x', 'hard'],
];
const TARGETS = [
	'/',
	'..',
	'../..',
	'../../../../tmp',
	'/etc',
	'a',
	'link',
	'.',
	'',
	'/proc/self/root',
	'a/b',
	'nosuch',
	'x'.repeat(5000),
];

const entry: fc.Arbitrary<TestEntry> = fc
	.record({
		name: fc.constantFrom(...NAMES),
		type: fc.constantFrom(
			...(['file', 'file', 'directory', 'symlink', 'symlink', 'link', 'fifo'] as const),
			...(['character-device', 'block-device', 'contiguous-file'] as const),
		),
		linkname: fc.constantFrom(...TARGETS),
		mode: fc.constantFrom(0, 0o644, 0o7777, 0o4755),
		uid: fc.constantFrom(0, 1, 65_534, 2_097_151, 4_000_000_000),
		content: fc.constantFrom('', 'x', 'y'.repeat(10_000)),
		devminor: fc.constantFrom(0, 3, 200),
		pax: fc.option(
			fc.constantFrom<Record<string, string>>(
				{ path: '../evil' },
				{ linkpath: '/etc' },
				{ size: '99999999999999999999' },
				{ size: '-1' },
				{ mtime: 'NaN' },
				{ uid: '-1' },
				{ 'SCHILY.xattr.security.capability': 'x' },
			),
			{ freq: 6, nil: undefined },
		),
	})
	.map(({ content, pax, type, ...header }) => {
		const filled = type === 'file' || type === 'contiguous-file' ? content : '';
		return { ...header, type, content: filled, devmajor: 1, ...(pax ? { pax } : {}) } as TestEntry;
	});

/** Layer below those that are unpacked. */
const BELOW = mkdtempSync(join(tmpdir(), 'kleene-below-'));
mkdirSync(join(BELOW, 'a'));
symlinkSync('/', join(BELOW, 'link'));
after(() => rmSync(BELOW, { recursive: true }));

/** Unpacks it into a directory of its own, looks at what came of it and removes it. */
async function unpack(bytes: Buffer, isLayer = false): Promise<void> {
	const outside = mkdtempSync(join(tmpdir(), 'kleene-archive-'));
	const root = join(outside, 'root');
	mkdirSync(root);
	const options = isLayer ? { below: [BELOW] } : {};
	const began = performance.now();
	try {
		await extractArchive({ bytes: Readable.from([bytes]), size: bytes.length }, root, options);
	} catch (error) {
		if (!(error instanceof ArchiveError)) throw error;
	} finally {
		const took = performance.now() - began;
		assert.ok(took < PATIENCE, `${took} ms`);
		assert.deepEqual(readdirSync(outside), ['root'], 'nothing beside the root');
		assert.ok(lstatSync(root).isDirectory());
		assert.ok(sizeOf(root) < LARGEST, 'no more than the archive holds');
		rmSync(outside, { recursive: true });
	}
}

function sizeOf(directory: string): number {
	let size = 0;
	for (const name of readdirSync(directory, { encoding: 'buffer' })) {
		const path = Buffer.concat([Buffer.from(`${directory}/`), name]);
		const found = lstatSync(path);
		// Number 0:0 is a whiteout of overlayfs, which nobody can open.
		assert.ok(!found.isBlockDevice() && !(found.isCharacterDevice() && found.rdev !== 0), 'no devices');
		if (found.isFile()) size += found.size;
		if (found.isDirectory() && !name.includes(0xff)) size += sizeOf(path.toString());
	}
	return size;
}

test('whatever an archive says, it lands in its directory, without devices, or is refused', async (context) => {
	await holds(context, { count: 60, of: fc.array(entry, { minLength: 1, maxLength: 8 }) }, async (entries) => {
		const archive = await tarOf(entries).catch(() => Buffer.from('not even a tar'));
		await unpack(archive);
		await unpack(archive, true);
		assert.deepEqual(readdirSync(BELOW).toSorted(), ['a', 'link'], 'the layer below is as it was');
	});
});

test('damaged archives, plain and compressed, are refused or unpacked', async (context) => {
	const tar = await tarOf([
		{ name: 'a', type: 'directory' },
		{ name: 'a/b', content: 'x'.repeat(2000), pax: { path: `a/${'b'.repeat(200)}` } },
		{ name: 'link', type: 'symlink', linkname: 'a' },
		{ name: 'hard', type: 'link', linkname: 'a/b' },
	]);
	const samples = [tar, gzipSync(tar), zstdCompressSync(tar), tar.subarray(0, 1024)];
	await holds(context, { count: 150, of: changedBytes(samples) }, unpack);
});
