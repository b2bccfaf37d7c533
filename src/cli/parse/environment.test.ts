import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CommandLineError } from '../failure.ts';
import { environmentOf } from './environment.ts';

const directory = mkdtempSync(join(tmpdir(), 'kleene-environment-'));
after(() => rmSync(directory, { recursive: true }));

function file(text: string): string {
	const path = join(directory, 'file.env');
	writeFileSync(path, text);
	return path;
}

test('a variable has a value, or is passed on where it is set', () => {
	assert.deepEqual(environmentOf({ env: ['A=', 'B=c=d', 'HERE', 'NOWHERE'] }, { HERE: 'x y' }), [
		'A=',
		'B=c=d',
		'HERE=x y',
	]);
	assert.deepEqual(
		environmentOf({ env: ['__proto__', 'constructor'] }, {}),
		[],
		'what every object has is no variable',
	);
	for (const text of ['=b', '', 'A B']) assert.throws(() => environmentOf({ env: [text] }), CommandLineError);
});

test('files come first, with their comments and empty lines left out and their values verbatim', () => {
	const envFile = [file('\ufeffA=1 # no comment\r\n\n  # comment\nB="q"\nHERE\n')];
	assert.deepEqual(environmentOf({ env: ['A=2'], envFile }, { HERE: 'x' }), [
		'A=1 # no comment',
		'B="q"',
		'HERE=x',
		'A=2',
	]);
});

test('a line or a file that is none is refused by its number or name', () => {
	const reading = (envFile: string) => () => environmentOf({ env: [], envFile: [envFile] });
	assert.throws(reading(file('A=1\nexport B=2\n')), { why: /line 2/ });
	assert.throws(reading(file('=1')), CommandLineError);
	assert.throws(reading(join(directory, 'none')), CommandLineError);
});
