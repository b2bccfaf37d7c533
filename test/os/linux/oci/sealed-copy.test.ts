import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SealedCopy } from '#os/linux/oci/sealed-copy.ts';

test('a sealed copy runs, cannot be changed, and follows the program', (context) => {
	const folder = mkdtempSync(join(tmpdir(), 'sealed-copy-'));
	context.after(() => rmSync(folder, { recursive: true }));
	const program = join(folder, 'program');
	const place = (source: string) => {
		rmSync(program, { force: true });
		copyFileSync(source, program);
		chmodSync(program, 0o755);
	};
	const before = readdirSync('/proc/self/fd').length;
	place('/bin/true');
	const copy = new SealedCopy(program);
	const status = () => spawnSync(copy.path()).status;

	assert.equal(status(), 0);
	const fd = openSync(copy.path(), 'r+');
	assert.throws(() => writeFileSync(fd, 'changed'), { code: 'EPERM' });
	const first = copy.path();
	assert.equal(copy.path(), first, 'one copy serves all');
	assert.match(first, /^\/proc\/\d+\/fd\/\d+$/);

	place('/bin/false');
	assert.equal(status(), 1, 'another version is copied anew');
	writeFileSync(program, '#!/bin/sh\nexit 7\n');
	assert.equal(copy.path(), program, 'a script runs itself');
	assert.equal(status(), 7);
	copy.close();
	assert.equal(readdirSync('/proc/self/fd').length, before + 1, 'only the descriptor of this test is left');
});
