import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommanderError } from 'commander';
import { type Advice, adviceOn } from './advice.ts';
import { resolveCommand } from './syntax/resolve.ts';
import { commandTree } from './syntax/tree.ts';

async function advice(...words: readonly string[]): Promise<Advice> {
	const root = commandTree(words);
	const { command } = resolveCommand(root, words);
	const error = await root.parseAsync(words, { from: 'user' }).catch((thrown) => thrown);
	assert.ok(error instanceof CommanderError, words.join(' '));
	return adviceOn(error, command);
}

test('an option in the wrong place is told its place', async () => {
	const before = (hint: string) => ({
		why: 'it is an option of klee itself',
		hint: `write it before the command: ${hint}`,
	});
	assert.deepEqual(await advice('lsc', '--host', 'x'), before('klee --host <URL> lsc'));
	assert.deepEqual(await advice('network', 'ls', '--tlsverify'), before('klee --tlsverify network ls'));
	assert.deepEqual(await advice('--json', 'lsc'), {
		why: 'it is an option of klee lsc',
		hint: 'write it after the command: klee lsc --json',
	});
	assert.deepEqual(await advice('-a', 'container', 'ls'), {
		why: 'it is an option of klee container ls',
		hint: 'write it after the command: klee container ls --all',
	});
	assert.equal((await advice('--theme', 'foo', 'lsc')).hint, 'see klee --help');
	assert.equal((await advice('network', 'create', '-t', 'x', 'web')).hint, 'see klee network create --help');
	assert.equal((await advice('lsc', '--bogus')).hint, 'see klee lsc --help');
});

test('a command without a shortcut is named with its group', async () => {
	assert.equal((await advice('connect', 'network', 'web')).hint, 'did you mean klee network connect?');
	assert.equal((await advice('doctor', 'x')).hint, 'did you mean klee network doctor?');
	assert.match(
		(await advice('prune')).hint,
		/^did you mean klee container prune or klee image prune or .*volume prune or klee system prune\?$/,
	);
	assert.equal((await advice('network', 'lss')).hint, 'did you mean ls? See klee network --help');
	assert.equal((await advice('nonsense')).hint, 'see klee --help');
});
