import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesToRun, isPure } from './files.ts';

test('every test file runs, either with all others or with the slow ones', () => {
	const [usual, slow] = [filesToRun([], false), filesToRun([], true)];
	assert.deepEqual(new Set([...usual, ...slow]).size, usual.length + slow.length);
	assert.ok(usual.includes('scripts/test/files.test.ts'));
	assert.throws(() => filesToRun(['test/nothing.test.ts'], false), /no file is called test\/nothing/);
});

test('files that only compute share a process, unless they have hooks at their top', () => {
	assert.ok(isPure('scripts/test/files.test.ts'));
	assert.ok(!isPure('src/host/linux/sandbox/bundle/users.test.ts'), 'it has hooks');
	assert.ok(!isPure('test/acceptance/network/mtu.test.ts'), 'it has a host');
});
