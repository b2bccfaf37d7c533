/** What is sent to the tar(1) of another host: that of libarchive, as on FreeBSD. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { sendFiles, sendRemovals } from '#os/archive/send-layer.ts';
import { scratch, type TestEntry, tarOf } from '#test/host-linux/storage/scratch.ts';

const bytesOf = (data: Buffer) => ({ bytes: Readable.from([data], { objectMode: false }), size: undefined });

/** Sends an archive to bsdtar. @returns where it unpacked it */
async function unpacked(context: TestContext, bytes: Readable): Promise<string> {
	const target = scratch(context);
	const tar = spawn('bsdtar', ['-xpUf', '-', '--numeric-owner', '-C', target], { env: { LC_ALL: 'C' } });
	let said = '';
	tar.stderr.setEncoding('utf8').on('data', (text: string) => {
		said += text;
	});
	const ended = new Promise((resolve) => tar.once('close', resolve));
	await sendFiles({ bytes, size: undefined }, tar.stdin, { saysBytes: true });
	tar.stdin.end();
	assert.deepEqual([await ended, said], [0, '']);
	return target;
}

async function removals(...entries: readonly TestEntry[]): Promise<string[]> {
	const out = new PassThrough();
	const words = out.toArray();
	await sendRemovals(bytesOf(await tarOf(entries)), out, {});
	out.end();
	return Buffer.concat(await words)
		.toString()
		.split('\0')
		.slice(0, -1);
}

const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

const PAX = ['1.0', '0.1', '0.0'].map((version) => ['--format=posix', `--sparse-version=${version}`]);
for (const format of [['--format=gnu'], ...PAX])
	test(`files with holes, links and odd names come as they are: ${format.join(' ')}`, async (context) => {
		const source = scratch(context);
		const holes = await open(join(source, 'holes'), 'w');
		await holes.write('begin', 0);
		await holes.write('middle', 3_000_000);
		await holes.truncate(9_000_000);
		await holes.close();
		mkdirSync(join(source, 'd'.repeat(120)));
		const odd = join(source, 'd'.repeat(120), 'näme \n-');
		writeFileSync(odd, 'odd', { mode: 0o4751 });
		execFileSync('ln', [odd, join(source, 'second')]);
		execFileSync('ln', ['-s', '/etc/passwd', join(source, 'link')]);
		const archive = join(scratch(context), 'a.tar');
		execFileSync('tar', ['--sparse', ...format, '-cf', archive, '-C', source, '.']);
		const target = await unpacked(context, createReadStream(archive));
		assert.deepEqual(readdirSync(target, { recursive: true }).sort(), readdirSync(source, { recursive: true }).sort());
		assert.equal(digestOf(join(target, 'holes')), digestOf(join(source, 'holes')));
		assert.ok(statSync(join(target, 'holes')).blocks * 512 < 2_000_000, 'its holes are holes');
		assert.equal(statSync(join(target, 'second')).ino, statSync(odd.replace(source, target)).ino);
		assert.equal(statSync(join(target, 'second')).mode & 0o7777, 0o4751);
	});

test('devices and whiteouts are not sent; links of the archive are followed before', async (context) => {
	const data = await tarOf([
		{ name: 'usr/home/', type: 'directory' },
		{ name: 'home', type: 'symlink', linkname: '/usr/./x/../home' },
		{ name: 'home/ada', content: 'ada' },
		{ name: 'home/.wh.bob', content: '' },
		{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 },
	]);
	const target = await unpacked(context, bytesOf(data).bytes);
	assert.deepEqual(readdirSync(target, { recursive: true }).sort(), ['home', 'usr', 'usr/home', 'usr/home/ada']);
});

test('removals are told by paths without links of the archive', async () => {
	const words = await removals(
		{ name: 'home', type: 'symlink', linkname: 'usr/home' },
		{ name: 'home/.wh.bob', content: '' },
		{ name: '.wh..wh..opq', content: '' },
		{ name: 'd/', type: 'directory' },
		{ name: './file', content: 'x' },
	);
	assert.deepEqual(words, ['+home', '-usr/home/bob', '=', '+file']);
});

test('names that lead out are refused before anything of them is told', async () => {
	const up = { name: 'up', type: 'symlink', linkname: '..' } as const;
	const round = { name: 'round', type: 'symlink', linkname: 'round' } as const;
	const cases: readonly TestEntry[][] = [
		[{ name: '../x', content: 'x' }],
		[{ name: '.wh...', content: '' }],
		[{ name: 'd/.wh..', content: '' }],
		[up, { name: 'up/x', content: 'x' }],
		[round, { name: 'round/x', content: 'x' }],
		[{ name: 'l', type: 'link', linkname: '../../etc/passwd' }],
		[{ name: './', content: 'x' }],
	];
	for (const entries of cases)
		for (const send of [sendFiles, sendRemovals]) {
			const out = new PassThrough();
			out.resume();
			await assert.rejects(send(bytesOf(await tarOf(entries)), out, {}), (error) => error instanceof ArchiveError);
		}
});
