/** Record files that cannot be read, e.g. after a crash of the disk. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RecordFiles } from '#store/records/files.ts';

test('a record that cannot be read is named', (t) => {
	const root = mkdtempSync(join(tmpdir(), 'kleene-records-'));
	t.after(() => rmSync(root, { recursive: true }));
	const folder = join(root, 'records/containers');
	mkdirSync(folder, { recursive: true });
	const damaged = ['garbage', '', 'null', '7', '{"format":3}', '{"format":3,"container":null}'].map((text, index) => {
		const file = join(folder, `00000000000${'abcdef'[index]}.json`);
		writeFileSync(file, text);
		return file;
	});
	const files = new RecordFiles(root);
	assert.deepEqual(files.readAll().containers, []);
	assert.deepEqual(files.damaged(), damaged);
});
