import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandTree } from '#cli/syntax/tree.ts';

const SOURCES = join(import.meta.dirname, '../../src');
const COMMENT = /^\s*(\/?\*|\/\/)/;

/** Commands of klee between quotes or backticks, outside comments: `network doctor`, `rmc`. */
function* advised(): Generator<{ readonly file: string; readonly words: readonly string[] }> {
	for (const file of globSync('**/*.ts', { cwd: SOURCES })) {
		if (file.endsWith('.test.ts')) continue;
		const code = readFileSync(join(SOURCES, file), 'utf8').split('\n');
		for (const line of code.filter((text) => !COMMENT.test(text)))
			for (const [, words = ''] of line.matchAll(/["`]klee ((?:[a-z]+ ?)+)/g)) yield { file, words: words.split(' ') };
	}
}

test('whatever is advised is a command that klee has', () => {
	const root = commandTree();
	let seen = 0;
	for (const { file, words } of advised()) {
		const [first, second = ''] = words;
		const command = root.commands.find((candidate) => candidate.name() === first);
		assert.ok(command, `${file}: there is no klee ${words.join(' ')}`);
		const inner = command.commands.map((candidate) => candidate.name());
		assert.ok(inner.length === 0 || inner.includes(second), `${file}: there is no klee ${words.join(' ')}`);
		seen += 1;
	}
	assert.ok(seen > 20);
});
