import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from './database.ts';
import { flag, integer, json, nullable, oneOf, selected, Table, text } from './table.ts';

interface Thing {
	readonly name: string;
	readonly kind: 'big' | 'small';
	readonly size: number;
	readonly open: boolean;
	readonly words: readonly string[];
	readonly owner: string | null;
	/** Length of its name. */
	readonly length: number;
}

const THINGS = new Table<Thing, 'size' | 'length'>('things', {
	name: text('name'),
	kind: oneOf('kind', ['big', 'small']),
	size: integer('size_in_bytes'),
	open: flag('is_open'),
	words: json('words'),
	owner: nullable(text('owner')),
	length: selected('length(name)', integer('length')),
});

const DOOR: Thing = { name: 'door', kind: 'big', size: 9, open: true, words: ['a', "b'"], owner: null, length: 4 };

function database(): Database {
	const db = new Database(':memory:');
	db.run(`CREATE TABLE things (name TEXT PRIMARY KEY, kind TEXT NOT NULL, size_in_bytes INTEGER NOT NULL DEFAULT 7,
		is_open INTEGER NOT NULL, words TEXT NOT NULL, owner TEXT) STRICT`);
	return db;
}

test('what was inserted is read back as it was', () => {
	const db = database();
	THINGS.insert(db, DOOR);
	THINGS.insert(db, { ...DOOR, name: 'window', kind: 'small', open: false, owner: 'me' });
	assert.deepEqual(THINGS.get(db, 'WHERE name = ?', 'door'), DOOR);
	const [, second] = THINGS.all(db, 'ORDER BY name');
	assert.deepEqual(second, { ...DOOR, name: 'window', kind: 'small', open: false, owner: 'me', length: 6 });
	assert.equal(THINGS.get(db, 'WHERE name = ?', 'roof'), undefined);
});

test('what is not given is what the database says', () => {
	const db = database();
	const { name, kind, open, words, owner } = DOOR;
	THINGS.insert(db, { name, kind, open, words, owner });
	assert.equal(THINGS.get(db, '')?.size, 7);
});

test('an update changes what it names in the rows it is for', () => {
	const db = database();
	THINGS.insert(db, { ...DOOR, owner: 'me' });
	THINGS.insert(db, { ...DOOR, name: 'window' });
	THINGS.update(db, { open: false, owner: null, words: [] }, 'WHERE name = ?', 'door');
	const changed = { ...DOOR, open: false, words: [] };
	assert.deepEqual(THINGS.all(db, 'ORDER BY name'), [changed, { ...DOOR, name: 'window', length: 6 }]);
});

test('a value that the type does not know is an error, not a value', () => {
	const db = database();
	THINGS.insert(db, DOOR);
	db.run("UPDATE things SET kind = 'huge'");
	assert.throws(() => THINGS.all(db, ''), /column kind of the store holds 'huge'/);
});
