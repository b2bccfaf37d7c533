import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { asOneLine, READ_ONE_LINE } from '#os/shell/prologue.ts';
import { quote, sh } from '#os/shell/quote.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';

const SHELLS: readonly (readonly string[])[] = [
	['/bin/sh'],
	['/usr/bin/dash'],
	['/usr/bin/bash'],
	[provideBusybox(), 'sh'],
];

/** Whatever can be an argument: any text without NUL, with what shells are fond of. */
const word = fc
	.array(
		fc.oneof(
			fc.string({ unit: 'grapheme' }),
			fc.constantFrom("'", '"', '\\', '\\n', '$(x)', '`', '\n', '!', '-', '%s', '*', '~', ' ', '\t', '#', ''),
		),
		{
			maxLength: 12,
		},
	)
	.map((parts) => parts.join('').replaceAll('\0', ''));

for (const shell of SHELLS) {
	const skip = existsSync(shell[0]!) ? false : `${shell[0]} is not installed here`;
	test(`words come back byte for byte: ${shell.join(' ')}`, { skip }, () => {
		const arrives = (words: string[]) => {
			const script = sh`printf ${'%s\\0'} ${words}`;
			const [program, ...rest] = shell;
			const { stdout, stderr } = spawnSync(program!, [...rest, '-c', script.text]);
			assert.equal(stderr.toString(), '');
			assert.deepEqual(stdout.toString().split('\0').slice(0, -1), words);
		};
		fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), arrives), { numRuns: 60 });
	});

	test(`a script sent as one line does the same: ${shell.join(' ')}`, { skip }, () => {
		const arrives = (words: string[]) => {
			const script = sh`set -- ${words}\nfor word in "$@"; do\n\tprintf ${'%s\\0'} "$word"\ndone\ncat`;
			const [program, ...rest] = shell;
			const input = `${asOneLine(script)}the rest\nof the input\\n`;
			const { stdout, stderr } = spawnSync(program!, [...rest, ...READ_ONE_LINE], { input });
			assert.equal(stderr.toString(), '');
			assert.deepEqual(stdout.toString().split('\0'), [...words, 'the rest\nof the input\\n']);
		};
		fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), arrives), { numRuns: 60 });
	});
}

test('a script of which the end is missing is not run', () => {
	const line = asOneLine(sh`echo ran; echo more`);
	for (const length of [5, line.length - 1]) {
		const { stdout, status } = spawnSync('/bin/sh', READ_ONE_LINE, { input: line.slice(0, length) });
		assert.equal(stdout.toString(), '');
		assert.notEqual(status, 0);
	}
});

test('a NUL cannot be said', () => {
	assert.throws(() => quote('a\0b'), /NUL/);
});
