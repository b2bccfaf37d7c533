import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRoot, readInRoot, writeInRoot } from '#os/linux/files/inroot.ts';
import { scratch } from '#test/host-linux/storage/scratch.ts';

test('links of a container lead to its own files', (context) => {
	const outside = scratch(context);
	const root = join(outside, 'root');
	mkdirSync(join(root, 'real/etc'), { recursive: true });
	writeFileSync(join(outside, 'secret'), 'of the host');
	writeFileSync(join(root, 'real/etc/passwd'), 'own');
	symlinkSync('/real/etc', join(root, 'etc'));
	symlinkSync('../../secret', join(root, 'up'));
	symlinkSync(join(outside, 'secret'), join(root, 'out'));
	symlinkSync('loop', join(root, 'loop'));
	assert.equal(readInRoot(root, '/etc/passwd'), 'own');
	assert.equal(readInRoot(root, '../../../etc/passwd'), 'own');
	for (const path of ['/up', '/out', '/loop', '/none', '/etc', '/etc/passwd/x'])
		assert.equal(readInRoot(root, path), undefined, path);
	const fd = openRoot(root);
	symlinkSync(join(outside, 'secret'), join(root, 'real/etc/new'));
	writeInRoot(fd, '/etc/new', 'mine', 0o600);
	closeSync(fd);
	assert.equal(readFileSync(join(root, 'real/etc/new'), 'utf8'), 'mine');
	assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'of the host');
});

test('what is no file, or too large, does not hold up or fill the daemon', (context) => {
	const root = scratch(context);
	execFileSync('mkfifo', [join(root, 'fifo')]);
	writeFileSync(join(root, 'huge'), '');
	truncateSync(join(root, 'huge'), 1e12);
	assert.equal(readInRoot(root, 'fifo'), undefined);
	assert.throws(() => readInRoot(root, 'huge'), RangeError);
});
