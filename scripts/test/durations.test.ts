import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Durations } from './durations.ts';

const FAR = 'test/host-freebsd/far/everywhere-on-far.test.ts';
const HERE = 'scripts/test/durations.test.ts';
const FILES = 'scripts/test/files.test.ts';

test('the longest files begin first: by what they took last, or by a guess', () => {
	const folder = mkdtempSync(join(tmpdir(), 'kleene-durations-'));
	try {
		const path = join(folder, 'new/durations.json');
		const durations = Durations.read(path);
		assert.equal(durations.longestFirst([HERE, FILES, FAR])[0], FAR);
		durations.note(FILES, 900_000.4);
		durations.note(HERE, 1_000_000);
		durations.save();
		assert.deepEqual(Durations.read(path).longestFirst([FAR, FILES, HERE]), [HERE, FILES, FAR]);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
