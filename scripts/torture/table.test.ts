import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Budget, type Part } from '../../test/torture/part.ts';
import { PARTS } from './parts.ts';
import { tabled } from './table.ts';

const DOCUMENT = readFileSync(new URL('../../docs/reliability.md', import.meta.url), 'utf8');

const part = (name: string): Part => ({ name, what: `tries ${name}`, minutes: 1, run: async () => ({ failures: [] }) });
const rowsOf = (document: string) =>
	(document.split('<!-- torture')[1] ?? '').split('\n').filter((line) => line.startsWith('| `'));

test('rows are replaced by name, kept where a part did not run, and go with their part', () => {
	const [one, two, three] = ['one', 'two', 'three'].map(part) as [Part, Part, Part];
	const figures = { injected: 1234, lost: 0, failures: [] };
	const results = [one, two].map((some) => ({ part: some, figures, seconds: 7 }));
	const first = tabled(DOCUMENT, { results, parts: [one, two], run: 'yesterday' });
	assert.deepEqual(rowsOf(first), [
		'| `one` | tries one | 1,234 |  |  | 0 |  | 0 | 7 s; yesterday |',
		'| `two` | tries two | 1,234 |  |  | 0 |  | 0 | 7 s; yesterday |',
	]);
	const news = { part: three, figures: { failures: ['it broke'], note: 'at once' }, seconds: 150 };
	assert.deepEqual(rowsOf(tabled(first, { results: [news], parts: [three, one], run: 'today' })), [
		'| `three` | tries three; at once |  |  |  |  |  | 1 | 3 min; today |',
		'| `one` | tries one | 1,234 |  |  | 0 |  | 0 | 7 s; yesterday |',
	]);
});

test('the document names parts that there are', () => {
	const names = PARTS.map(({ name }) => name);
	for (const row of rowsOf(DOCUMENT)) assert.ok(names.includes(row.split('`')[1] ?? ''), row);
	assert.equal(new Set(names).size, names.length);
});

test('a budget is spent when its time is over, a share of it earlier', () => {
	assert.equal(new Budget(0).isSpent, true);
	const budget = new Budget(60_000);
	assert.equal(budget.isSpent, false);
	assert.ok(budget.share(1 / 4).left <= 15_000);
});
