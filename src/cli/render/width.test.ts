import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, cut, pieces, plainLine } from './width.ts';

test('wide characters take two columns, combining ones none', () => {
	const texts = ['abc', 'äé', 'e\u0301', '漢字', 'ｗ', '한국', '🚀', '✔', ''];
	assert.deepEqual(texts.map(columnsOf), [3, 2, 1, 4, 2, 4, 2, 1, 0]);
});

test('a text is cut at whole characters', () => {
	assert.equal(cut('abcdef', 6), 'abcdef');
	assert.equal(cut('abcdef', 5), 'abcd…');
	assert.equal(cut('漢字漢字', 6), '漢字…');
	assert.equal(cut('漢字', 1), '…');
	assert.equal(cut('漢字', 0), '');
});

test('a character is not cut from what is combined with it', () => {
	assert.equal(cut('ae\u0301bc', 3), 'ae\u0301…');
	assert.equal(cut('a👨‍👩‍👧b', 4), 'a…');
	assert.equal(cut('🇩🇰🇩🇪', 7), '🇩🇰…');
});

test('a text is taken apart without a loss', () => {
	assert.deepEqual(pieces('abcdef', 4), ['abcd', 'ef']);
	assert.deepEqual(pieces('', 4), ['']);
	assert.deepEqual(pieces('漢字漢字', 5), ['漢字', '漢字']);
	assert.deepEqual(pieces('👨‍👩‍👧', 4).join(''), '👨‍👩‍👧');
});

test('what would move the cursor is left out of a line', () => {
	assert.equal(plainLine('\u001b[31mred\u001b[0m\u001b]0;title\u0007'), 'red');
	assert.equal(plainLine('10 %\r20 %\r'), '20 %');
	assert.equal(plainLine('a\tb\u0007\u0000'), 'a    b');
});
