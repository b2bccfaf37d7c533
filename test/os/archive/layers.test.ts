/** Layers of OCI images, seen through overlayfs as a container sees them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { extractArchive } from '#os/archive/extract.ts';
import { mountPrivately } from '#os/linux/mounts.ts';
import { scratch, type TestEntry, tarOf } from '../../host-linux/storage/scratch.ts';

/** Unpacks layers, the lowest one first. @returns their directories, the top one first, and the root of all together */
async function stack(context: TestContext, ...layers: readonly (readonly TestEntry[])[]) {
	const place = scratch(context);
	const below: string[] = [];
	for (const [n, entries] of layers.entries()) {
		const directory = join(place, `layer${n}`);
		mkdirSync(directory, { mode: 0o755 });
		const bytes = Readable.from([await tarOf(entries)], { objectMode: false });
		await extractArchive({ bytes, size: undefined }, directory, { below: [...below] });
		below.unshift(directory);
	}
	const [root, empty] = [join(place, 'merged'), join(place, 'empty')];
	for (const path of [root, empty]) mkdirSync(path);
	mountPrivately({ type: 'overlay', source: 'x', target: root, options: `lowerdir=${[...below, empty].join(':')}` });
	return { root, layers: below };
}

const file = (name: string, content = name): TestEntry => ({ name, content });
const directory = (name: string, more: Partial<TestEntry> = {}): TestEntry => ({ name, type: 'directory', ...more });

test('what a layer removes is gone, and what it has itself stays, in either order', async (context) => {
	const base = [
		directory('etc'),
		file('etc/a'),
		file('etc/b'),
		file('etc/c'),
		directory('d'),
		file('d/old'),
		file('f/old'),
		file('e'),
	];
	const { root, layers } = await stack(
		context,
		base,
		[file('etc/.wh.a'), file('etc/.wh.nosuch'), file('etc/c', 'new'), file('etc/.wh.c'), file('.wh.e'), directory('e')],
		[file('.wh.d'), directory('d'), file('d/new'), file('.wh.f'), file('f/in/new')],
	);
	assert.deepEqual(readdirSync(join(root, 'f')), ['in']);
	assert.deepEqual(readdirSync(join(root, 'etc')).sort(), ['b', 'c']);
	assert.equal(readFileSync(join(root, 'etc/c'), 'utf8'), 'new');
	assert.deepEqual(readdirSync(join(root, 'd')), ['new']);
	assert.deepEqual(readdirSync(join(root, 'e')), []);
	assert.deepEqual(readdirSync(join(layers[1] ?? '', 'etc')).sort(), ['a', 'c'], 'of nothing nothing is removed');
});

test('a directory whose content is removed shows what the layer has in it, wherever the mark stands', async (context) => {
	const base = [directory('d', { mode: 0o700 }), file('d/old'), directory('f'), file('f/old'), file('top')];
	const { root } = await stack(
		context,
		base,
		[file('d/new'), file('d/.wh..wh..opq'), file('f/.wh..wh..opq'), file('.wh..wh.plnk')],
		[file('d/newest')],
	);
	assert.deepEqual(readdirSync(join(root, 'd')).sort(), ['new', 'newest']);
	assert.deepEqual(readdirSync(join(root, 'f')), []);
	assert.ok(existsSync(join(root, 'top')));
});

test('directories that have no entry of their own look as below, the root too', async (context) => {
	const base = [
		directory('./', { mode: 0o711 }),
		directory('tmp', { mode: 0o1777, uid: 3, gid: 4 }),
		directory('tmp/in', { mode: 0o700 }),
	];
	const { root } = await stack(context, base, [file('tmp/in/x')]);
	const looks = (path: string) => {
		const { mode, uid, gid } = statSync(path);
		return [mode & 0o7777, uid, gid];
	};
	assert.equal(statSync(root).mode & 0o7777, 0o711);
	assert.deepEqual(looks(join(root, 'tmp')), [0o1777, 3, 4]);
	const again = await stack(context, base, [file('tmp/in/x')], [file('.wh.tmp'), file('tmp/y')]);
	assert.deepEqual(looks(join(again.root, 'tmp')), [0o755, 0, 0], 'one that was removed is a new one');
	assert.deepEqual(readdirSync(join(again.root, 'tmp')), ['y']);
});

test('a hard link to a file of a layer below is that file; one to nothing is refused', async (context) => {
	const base = [directory('bin'), { ...file('bin/a', 'tool'), mode: 0o4755, uid: 0, gid: 5 }, file('gone')];
	const { root } = await stack(context, base, [{ name: 'bin/b', type: 'link', linkname: 'bin/a' }]);
	assert.equal(readFileSync(join(root, 'bin/b'), 'utf8'), 'tool');
	assert.deepEqual([statSync(join(root, 'bin/b')).mode & 0o7777, statSync(join(root, 'bin/b')).gid], [0o4755, 5]);
	const link = { name: 'c', type: 'link', linkname: 'gone' } as const;
	await assert.rejects(stack(context, base, [file('.wh.gone')], [link]), { problem: 'corrupt' });
});

test('an archive cannot write or remove outside by whiteouts and links', async (context) => {
	const link = { name: 'out', type: 'symlink', linkname: '/tmp' } as const;
	for (const name of ['.wh..', '.wh...', 'd/.wh..', '.wh.'])
		await assert.rejects(stack(context, [file('x')], [file(name)]), { problem: 'hostile' }, name);
	for (const name of ['out/.wh.x', 'out/.wh..wh..opq'])
		await assert.rejects(stack(context, [link], [link, file(name)]), { problem: 'hostile' }, name);
});

test('an empty layer changes nothing, and the digest is that of the plain archive', async (context) => {
	const { root } = await stack(context, [file('a')], []);
	assert.deepEqual(readdirSync(root), ['a']);
	const place = scratch(context);
	const bytes = await tarOf([]);
	const { digest } = await extractArchive({ bytes: Readable.from([bytes]), size: undefined }, place, {
		below: [place],
	});
	assert.equal(digest, '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef');
});
