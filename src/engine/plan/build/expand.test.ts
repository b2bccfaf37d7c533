// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a Dockerfile look like those of a template.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expand, expandKeepingQuotes, UnsetVariable } from './expand.ts';

const values: Record<string, string> = { A: 'one', B: 'two  blanks', E: '', D: '$A' };
const lookup = (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined);

const CASES: readonly (readonly [text: string, result: string])[] = [
	['$A', 'one'],
	['${A}x', 'onex'],
	['$A$B', 'onetwo  blanks'],
	['$NONE.', '.'],
	['${NONE:-other}', 'other'],
	['${NONE:-${A}/$B}', 'one/two  blanks'],
	['${E:-other}|${E-other}', 'other|'],
	['${A:+set}|${E:+set}|${E+set}', 'set||set'],
	['${A:?gone}', 'one'],
	['\\$A', '$A'],
	['"$A  \\"x\\" \\n"', 'one  "x" \\n'],
	["'$A \\'", '$A \\'],
	['a\\ b', 'a b'],
	['$D', '$A'],
	['$', '$'],
	['$(touch /x) `touch /x`', '$(touch /x) `touch /x`'],
];

for (const [text, result] of CASES) test(`${text} becomes ${result}`, () => assert.equal(expand(text, lookup), result));

test('a variable that has to be set and is not, is told with its text', () => {
	assert.throws(() => expand('${NONE:?needs a value}', lookup), new UnsetVariable('needs a value'));
	assert.throws(() => expand('${E:?}', lookup), UnsetVariable);
});

test('forms that do not exist are refused', () => {
	for (const text of ['${A', '${', '${A%x}', '${1A}', '"x', "'x"])
		assert.throws(() => expand(text, lookup), SyntaxError, text);
});

test('a here-document keeps its quotes', () => {
	assert.equal(expandKeepingQuotes('"$A" \'$A\' \\$A \\n', lookup), '"one" \'one\' $A \\n');
});

test('with a backtick as escape character a backslash is a letter', () => {
	assert.equal(expand('C:\\x `$A', lookup, '`'), 'C:\\x $A');
});

test('text without special characters stays as it is', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'grapheme' }), (text) => {
			const plain = text.replace(/[$\\'"]/g, '');
			assert.equal(expand(plain, lookup), plain);
		}),
	);
});
