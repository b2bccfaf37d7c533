import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { referenceFiles } from '../cli-reference.ts';
import { commandLine } from './commands.ts';
import { daemonUsage } from './daemon-options.ts';
import { kleeManPage } from './man-pages.ts';

const CHECKOUT = join(import.meta.dirname, '../..');

test('docs/cli.md and the manual pages describe the commands and options that are declared', () => {
	for (const [path, content] of Object.entries(referenceFiles()))
		assert.equal(readFileSync(join(CHECKOUT, path), 'utf8'), content, `${path}: run node scripts/cli-reference.ts`);
});

test('a command is listed with its usage, aliases, arguments and options', () => {
	const commands = commandLine().groups.flatMap((group) => group.commands);
	const list = commands.find(({ name }) => name === 'container ls');
	assert.deepEqual(list?.aliases, ['ps', 'lsc', 'container ps', 'container list']);
	const remove = commands.find(({ name }) => name === 'network rm');
	assert.equal(remove?.usage, 'klee network rm [options] NETWORKS...');
	assert.ok(remove?.terms.some(({ term }) => term === '--dry-run'));
	assert.ok(commands.every(({ name }) => !name.includes('__complete')));
});

test('options of kleened are read with all lines of their description', () => {
	const { calls, options } = daemonUsage(
		'Usage: kleened [options]\n       kleened recover   rebuild\n\n  --dns A\n                  one\n                  two\n  -h   help\n',
	);
	assert.deepEqual(calls, [
		{ term: 'kleened [options]', description: '' },
		{ term: 'kleened recover', description: 'rebuild' },
	]);
	assert.deepEqual(options, [
		{ term: '--dns A', description: 'one two' },
		{ term: '-h', description: 'help' },
	]);
	assert.throws(() => daemonUsage(' --odd'), /cannot read/);
});

test('no text of a manual page is taken for a request', () => {
	const page = kleeManPage(
		{ description: `.a 'b' \\c`, options: [{ term: '-x', description: '.so /etc' }], groups: [] },
		'1',
	);
	assert.match(page, /^klee \\- \\&\.a \\\(aqb\\\(aq \\ec$/m);
	assert.match(page, /^\\&\.so \/etc$/m);
});
