/** Archives as tar(1) writes them, in formats of all ages. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { looksLikeArchive } from '#os/archive/decompress.ts';
import { scratch } from '#test/host-linux/storage/scratch.ts';
import { unpack } from './unpack.ts';

test('holes stay holes, in files with zeros and in sparse archives', async (context) => {
	const made = scratch(context);
	execFileSync('sh', ['-c', `cd ${made}; truncate -s 30M big; printf end >>big; truncate -s 5M empty`]);
	// A map that needs more than its header.
	const many = openSync(join(made, 'many'), 'w');
	for (let n = 0; n < 60; n += 1) writeSync(many, Buffer.from('piece'), 0, 5, n * 65_536);
	closeSync(many);
	const pax = (version: string) => ['--format=posix', '-S', `--sparse-version=${version}`];
	for (const options of [pax('1.0'), pax('0.1'), pax('0.0'), ['--format=gnu', '-S'], ['--format=posix']]) {
		const archive = execFileSync('tar', [...options, '-C', made, '-c', '.'], { maxBuffer: 2 ** 30 });
		const { root } = await unpack(context, archive);
		const { size, blocks } = statSync(join(root, 'big'));
		assert.deepEqual([size, statSync(join(root, 'empty')).size], [30 * 2 ** 20 + 3, 5 * 2 ** 20]);
		assert.ok(blocks * 512 < 2 ** 20, `${blocks} blocks`);
		for (const name of ['big', 'empty', 'many']) execFileSync('cmp', [join(root, name), join(made, name)]);
	}
});

test('archives of old formats and of bzip2 are read, names of any bytes too', async (context) => {
	const made = scratch(context);
	const odd = Buffer.concat([Buffer.from(`${made}/`), Buffer.from([0x66, 0xff, 0xe9])]);
	writeFileSync(odd, 'odd');
	for (const options of [
		['--format=v7'],
		['--format=oldgnu'],
		['--format=posix'],
		['--bzip2'],
		['--format=ustar', '-P'],
	]) {
		const archive = execFileSync('tar', [...options, '-C', made, '-c', '.']);
		const { root } = await unpack(context, archive);
		assert.deepEqual(readdirSync(root, { encoding: 'buffer' }), [Buffer.from([0x66, 0xff, 0xe9])], options.join(' '));
		assert.ok(looksLikeArchive(archive.subarray(0, 512)), options.join(' '));
	}
});
