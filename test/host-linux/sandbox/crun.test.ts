/** The tests of sandboxes once more, with crun instead of runc, wherever it works. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '#test/testbed/command.ts';
import { placeForCrun } from '#test/testbed/crun-place.ts';

const FILES = ['first.test.ts', 'additional.test.ts', 'observation.test.ts', 'ending.test.ts'];

const place = placeForCrun();
const skip = typeof place === 'string' ? place : false;
const { NODE_TEST_CONTEXT: _, ...environment } = process.env;

describe(typeof place === 'string' ? 'crun' : `crun, ${place.name}`, { concurrency: 2, skip }, () => {
	for (const file of FILES)
		test(file, async () => {
			if (typeof place === 'string') return;
			const words = [...place.words, process.execPath, join(import.meta.dirname, file)];
			const env = { ...environment, KLEENE_TEST_RUNTIME: 'crun' };
			const { code, stdout, stderr } = await run(words, { env, timeout: 120_000 });
			assert.equal(code, 0, stdout + stderr);
		});
});
