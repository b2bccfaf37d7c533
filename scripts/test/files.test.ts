import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { filesToRun, isPure } from './files.ts';

test('every test file runs, either with all others or with the slow ones', () => {
	const [usual, slow] = [filesToRun([], false), filesToRun([], true)];
	assert.deepEqual(new Set([...usual, ...slow]).size, usual.length + slow.length);
	assert.ok(usual.includes('scripts/test/files.test.ts'));
	assert.throws(() => filesToRun(['test/nothing.test.ts'], false), /no file is called test\/nothing/);
});

test('files that share a process have no hooks at their top: these would be hooks of all files', () => {
	for (const file of filesToRun([], false).filter(isPure))
		assert.doesNotMatch(readFileSync(file, 'utf8'), /^(before|after|beforeEach|afterEach)\(/m, file);
});
