/** Records follow the database: in the background while it is open, and all of them when it is closed. */
import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Volume } from '#model/volume.ts';
import { Store } from '#store/store.ts';
import { eventually } from '#test/testbed/eventually.ts';

function open(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), 'kleene-records-'));
	const warnings: string[] = [];
	const store = Store.open(root, { warn: (_, message) => void warnings.push(message) });
	t.after(() => rmSync(root, { recursive: true, force: true }));
	store.keepRecords();
	const folder = join(root, 'records/volumes');
	const names = () => (fs.existsSync(folder) ? readdirSync(folder) : []);
	return { root, store, folder, warnings, names };
}

const volume = (name: string): Volume => ({
	name,
	dataset: `pool/${name}`,
	created: '2026',
});

test('they are written in the background, the last state of each', async (t) => {
	const { store, folder, names } = open(t);
	const written = t.mock.method(fs, 'writeFileSync');
	syncBuiltinESMExports();
	for (const name of ['a', 'b', 'c']) store.volumes.insert(volume(name));
	store.volumes.delete('b');
	await eventually('records', () => names().join() === 'a.json,c.json');
	assert.match(readFileSync(join(folder, 'a.json'), 'utf8'), /"name":"a"/);
	assert.equal(written.mock.callCount(), 0);
	written.mock.restore();
	syncBuiltinESMExports();
	store.volumes.delete('a');
	await eventually('its removal', () => names().join() === 'c.json');
	store.close();
});

test('when the database is closed, they are as it is', (t) => {
	const { store, names } = open(t);
	for (const name of ['a', 'b', 'c']) store.volumes.insert(volume(name));
	store.volumes.delete('c');
	store.close();
	assert.deepEqual(names(), ['a.json', 'b.json']);
});

test('the next daemon removes what a killed one had not put in place', (t) => {
	const { root, store, folder, names } = open(t);
	store.volumes.insert(volume('a'));
	store.close();
	for (const suffix of ['new', 'next']) writeFileSync(join(folder, `a.json.${suffix}`), '{');
	const next = Store.open(root);
	next.keepRecords();
	assert.deepEqual(names(), ['a.json']);
	next.close();
});

test('where they cannot be written that is told once, and made up for', async (t) => {
	const { root, store, names, warnings } = open(t);
	rmSync(join(root, 'records'), { recursive: true });
	writeFileSync(join(root, 'records'), '');
	for (const name of ['a', 'b']) {
		store.volumes.insert(volume(name));
		await eventually('a warning', () => warnings.length > 0);
	}
	assert.deepEqual(warnings, ['cannot write records of the database']);
	rmSync(join(root, 'records'));
	store.volumes.insert(volume('c'));
	await eventually('all records', () => names().join() === 'a.json,b.json,c.json');
	store.close();
});
