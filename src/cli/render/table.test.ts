import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, renderTable } from './table.ts';
import { columnsOf } from './width.ts';

interface Row {
	readonly id: string;
	readonly name: string;
}

const COLUMNS: readonly Column<Row>[] = [
	{ title: 'ID', cell: ({ id }) => id },
	{ title: 'NAME', cell: ({ name }) => name, shrinks: true, maximum: 20 },
	{ title: 'AUTORUN', cell: () => 'no', centred: true },
];
const LONG = 'a'.repeat(50);
const row = (name: string) => ({ id: '0123456789ab', name });

test('an empty list is a header and a rule', () => {
	assert.deepEqual(renderTable(COLUMNS, [], { theme: 'fancy', width: undefined }), [
		' ID  NAME  AUTORUN',
		'─'.repeat(19),
	]);
});

test('the simple theme is ASCII', () => {
	assert.deepEqual(renderTable(COLUMNS, [row('web')], { theme: 'simple', width: undefined }), [
		' ID           | NAME | AUTORUN',
		'--------------+------+---------',
		' 0123456789ab | web  |   no',
	]);
});

test('where stdout is no terminal nothing is cut', () => {
	const [, , line = ''] = renderTable(COLUMNS, [row(LONG)], { theme: 'fancy', width: undefined });
	assert.ok(line.includes(LONG));
});

test('a column has a maximum on a terminal, however wide', () => {
	const [, , line = ''] = renderTable(COLUMNS, [row(LONG)], { theme: 'fancy', width: 200 });
	assert.ok(line.includes(` ${'a'.repeat(19)}… `));
});

test('columns that may shrink do, to the width of the terminal, and identifiers stay whole', () => {
	for (const theme of ['fancy', 'simple'] as const)
		for (const width of [40, 37, 36]) {
			const lines = renderTable(COLUMNS, [row(LONG)], { theme, width });
			for (const line of lines) assert.ok([...line].length <= width, `${width}: ${line}`);
			assert.ok(lines[2]?.includes('0123456789ab'));
			assert.ok(lines[2]?.includes('…'));
		}
});

test('a name cannot move the cursor or break its line', () => {
	const [, , line = ''] = renderTable(COLUMNS, [row('a\nb\u001b[2Jc')], { theme: 'fancy', width: undefined });
	assert.ok(line.includes('a b[2Jc'));
});

test('wide and combining characters are counted as terminals draw them', () => {
	const rows = ['web', '漢字漢字', 'e\u0301e\u0301', '🚀'].map(row);
	const lines = renderTable(COLUMNS, rows, { theme: 'simple', width: 80 });
	const places = lines.slice(2).map((line) => columnsOf(line.slice(0, line.lastIndexOf('|'))));
	assert.deepEqual(places, [25, 25, 25, 25]);
	for (const width of [36, 40])
		for (const line of renderTable(COLUMNS, [row('漢'.repeat(40))], { theme: 'fancy', width }))
			assert.ok(columnsOf(line) <= width, line);
});

test('a terminal that is too narrow gets a block of lines for each row, with nothing left out', () => {
	const lines = renderTable(COLUMNS, [row(LONG), row('漢字')], { theme: 'fancy', width: 30 });
	assert.deepEqual(lines, [
		' ID       0123456789ab',
		` NAME     ${'a'.repeat(20)}`,
		`          ${'a'.repeat(20)}`,
		`          ${'a'.repeat(10)}`,
		' AUTORUN  no',
		'',
		' ID       0123456789ab',
		' NAME     漢字',
		' AUTORUN  no',
	]);
	assert.deepEqual(renderTable(COLUMNS, [], { theme: 'fancy', width: 15 }), [' ID  NAME  AUT…']);
});

test('characters that turn the direction of writing are left out', () => {
	const [, , line = ''] = renderTable(COLUMNS, [row('a\u202egnp.exe\u2066')], { theme: 'fancy', width: undefined });
	assert.ok(line.includes('agnp.exe'));
});
