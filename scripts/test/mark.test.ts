import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { createNamespace, removeNamespace } from '../../test/testbed/network-namespace.ts';
import { Mark } from './mark.ts';

test('what a run leaves behind is named and removed, and what is of others is neither', async () => {
	const [mark, other] = [new Mark(tmpdir()), new Mark(tmpdir())];
	const names = [mark, other].map(({ folder }) => `kleene-${basename(folder)}-1`);
	const sleepers = [mark, other].map(({ environment }) => spawn('sleep', ['60'], { env: environment }));
	const ends = sleepers.map((sleeper) => once(sleeper, 'exit'));
	for (const name of names) await createNamespace(name);
	try {
		writeFileSync(join(mark.folder, 'file'), '');
		mkdirSync(join(mark.folder, 'mounted'));
		const mounted = spawnSync('mount', ['-t', 'tmpfs', 'none', join(mark.folder, 'mounted')]);
		assert.equal(mounted.status, 0, String(mounted.stderr));
		const left = (await mark.remove()).map((line) => line.split(':')[0]);
		await ends[0];
		assert.deepEqual(left, ['process', 'mount', 'network namespace', 'file', 'file']);
		assert.equal(existsSync(mark.folder), false);
		assert.deepEqual(
			names.map((name) => existsSync(`/run/netns/${name}`)),
			[false, true],
		);
		assert.equal(sleepers[1]!.exitCode, null);
	} finally {
		for (const sleeper of sleepers) sleeper.kill('SIGKILL');
		for (const name of names) await removeNamespace(name);
		await Promise.all(ends);
		assert.deepEqual(await other.remove(), []);
	}
});
