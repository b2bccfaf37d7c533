import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, renderTable } from './table.ts';

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
