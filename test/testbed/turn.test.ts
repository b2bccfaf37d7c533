import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { takeTurn } from './turn.ts';

/** lockf(1) by flock(1), and a shell that finds it. */
function place(t: TestContext): { readonly way: readonly string[]; readonly lock: string } {
	const folder = mkdtempSync(join(tmpdir(), 'kleene-turn-'));
	t.after(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, 'lockf'), '#!/bin/sh\nshift; exec flock -o "$@"\n', { mode: 0o755 });
	return { way: ['/usr/bin/env', `PATH=${folder}:/usr/bin:/bin`, '/bin/sh', '-c'], lock: join(folder, 'lock') };
}

test('one after the other, and in between nobody', async (t) => {
	const { way, lock } = place(t);
	let there = 0;
	const visit = async () => {
		const turn = await takeTurn(way, lock);
		there += 1;
		await new Promise((resolve) => setTimeout(resolve, 50));
		assert.equal(there, 1);
		there -= 1;
		await turn.over();
	};
	await Promise.all([visit(), visit(), visit()]);
});

test('a host without the means is no reason to go on', async (t) => {
	const { lock } = place(t);
	await assert.rejects(takeTurn(['/bin/sh', '-c', 'exit 3'], lock), /does not give a turn/);
});
