import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineSplitter } from '#os/line-splitter.ts';
import { parseRecord } from './log-records.ts';

const record = (text: string) => parseRecord(Buffer.from(text, 'latin1'));

test('a record has a stream, a time in UTC, and the bytes as they were written', () => {
	const { content, ...rest } = record('2026-11-30T20:24:26.527071623+00:00 stderr F a \0\xff b')!;
	assert.deepEqual(rest, { stream: 'stderr', time: '2026-11-30T20:24:26.527071623Z', complete: true });
	assert.equal(content.toString('latin1'), 'a \0\xff b');
	assert.equal(record('2026-11-30T20:24:26.527071623-05:30 stdout P x')?.time, '2026-12-01T01:54:26.527071623Z');
	assert.equal(record('2026-11-30T20:24:26.527071623+00:00 stdout P ')?.complete, false);
});

test('what is no record is none', () => {
	for (const text of [
		'',
		' ',
		'x',
		'2026-11-30T20:24:26.527071623+00:00',
		'\0'.repeat(100),
		`${'1'.repeat(50)} stdout F x`,
	])
		assert.equal(record(text), undefined, text);
});

test('lines are the same however a file is cut', () => {
	const text = 'one\n\nthree\nfour';
	for (let size = 1; size <= text.length; size += 1) {
		const splitter = new LineSplitter(10);
		const lines: string[] = [];
		for (let at = 0; at < text.length; at += size)
			lines.push(...splitter.push(Buffer.from(text.slice(at, at + size))).map(String));
		assert.deepEqual(lines, ['one', '', 'three']);
	}
});

test('a line without end is dropped, and what follows it is not', () => {
	const splitter = new LineSplitter(10);
	for (let i = 0; i < 100; i += 1) assert.deepEqual(splitter.push(Buffer.from('xxxxx')), []);
	assert.deepEqual(splitter.push(Buffer.from('x\nnext\n')).map(String), ['next']);
});
