/** Archives whose names are chosen by somebody else. */
import assert from 'node:assert/strict';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Header, pack } from 'tar-stream';
import { packPath } from './pack.ts';
import { unpack } from './unpack.ts';

let place: string;
let target: string;

beforeEach(() => {
	place = mkdtempSync(join(tmpdir(), 'unpack-'));
	target = join(place, 'target');
	mkdirSync(target);
});
afterEach(() => rmSync(place, { recursive: true }));

async function* archiveOf(...entries: readonly (Partial<Header> & { name: string; text?: string })[]) {
	const archive = pack();
	for (const { text = '', ...header } of entries) archive.entry(header, text);
	archive.finalize();
	for await (const piece of archive) yield piece as Buffer;
}

test('nothing is written outside of the target, or through a link', async () => {
	for (const name of ['../x', 'd/../../x', '/x'])
		await assert.rejects(unpack(archiveOf({ name, text: 'x' }), target, 'as'), /lead elsewhere/, name);
	const link = { name: 'd/link', type: 'symlink', linkname: place } as const;
	const through = archiveOf({ name: 'd', type: 'directory' }, link, { name: 'd/link/x', text: 'x' });
	await assert.rejects(unpack(through, target, 'd'), /no directory/);
	assert.ok(!existsSync(join(place, 'x')));
	writeFileSync(join(place, 'kept'), 'kept');
	const over = archiveOf({ name: 'l', type: 'symlink', linkname: join(place, 'kept') }, { name: 'l', text: 'new' });
	await unpack(over, target, 'l');
	assert.equal(readFileSync(join(place, 'kept'), 'utf8'), 'kept');
	assert.equal(readFileSync(join(target, 'l'), 'utf8'), 'new');
});

test('a second name of a file of the archive is one, and leads to no other file', async () => {
	writeFileSync(join(target, 'kept'), 'kept');
	const file = { name: 'd/one', text: 'one' };
	const links = ['d/one', 'd/none', 'kept', 'd/two'].map(
		(linkname, index) => ({ name: `d/${['two', 'a', 'b', 'three'][index]}`, type: 'link', linkname }) as const,
	);
	await unpack(archiveOf({ name: 'd', type: 'directory' }, file, ...links), target, 'd');
	assert.deepEqual(readdirSync(join(target, 'd')), ['one', 'three', 'two']);
	assert.equal(statSync(join(target, 'd/two')).ino, statSync(join(target, 'd/one')).ino);
	const hostile = archiveOf({ name: 'x', type: 'link', linkname: '../kept' });
	await assert.rejects(unpack(hostile, join(target, 'd'), 'x'), /lead elsewhere/);
});

test('a file of the user is replaced, a directory with files is not', async () => {
	mkdirSync(join(target, 'd'));
	writeFileSync(join(target, 'd', 'f'), 'mine');
	await assert.rejects(unpack(archiveOf({ name: 'd', text: 'x' }), target, 'd'), /directory that has files/);
	await unpack(archiveOf({ name: 'd', type: 'directory' }, { name: 'd/f', text: 'theirs', mode: 0o4751 }), target, 'd');
	assert.equal(readFileSync(join(target, 'd', 'f'), 'utf8'), 'theirs');
	assert.equal(statSync(join(target, 'd', 'f')).mode & 0o7777, 0o751);
});

test('what is packed is unpacked as it was, under another name or as the files of a directory', async () => {
	const source = join(place, 'source');
	mkdirSync(join(source, 'deep', 'er'), { recursive: true });
	writeFileSync(join(source, 'deep', 'f'), Buffer.alloc(3_000_001, 7));
	writeFileSync(join(source, 'empty'), '');
	symlinkSync('nowhere', join(source, 'link'));
	await unpack(packPath(source, { as: 'other', owners: false }), target, 'other');
	assert.equal(readFileSync(join(target, 'other', 'deep', 'f')).length, 3_000_001);
	assert.equal(readlinkSync(join(target, 'other', 'link')), 'nowhere');
	assert.ok(statSync(join(target, 'other', 'deep', 'er')).isDirectory());
	assert.equal(statSync(join(target, 'other', 'empty')).size, 0);
});
