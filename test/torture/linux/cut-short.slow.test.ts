/** A sample of kills and failing steps on a real host. `npm run torture -- linux-kills linux-failures` takes all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../part.ts';
import { sample } from './parts.ts';

test('a daemon that is killed or refused by its host leaves nothing behind', { timeout: 120_000 }, async (context) => {
	const { injected = 0, failures, note } = await sample(new Budget(15_000));
	assert.deepEqual(failures, []);
	context.diagnostic(`${injected} kills and failing steps, ${note}`);
	assert.ok(injected > 0);
});
