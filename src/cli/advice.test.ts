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
	const before = (mend: string) => ({
		why: 'it is an option of klee itself',
		mend: `write it before the command: ${mend}`,
	});
	assert.deepEqual(await advice('lsc', '--host', 'x'), before('klee --host <URL> lsc'));
	assert.deepEqual(await advice('network', 'ls', '--tlsverify'), before('klee --tlsverify network ls'));
	assert.deepEqual(await advice('--json', 'lsc'), {
		why: 'it is an option of klee lsc',
		mend: 'write it after the command: klee lsc --json',
	});
	assert.deepEqual(await advice('-a', 'container', 'ls'), {
		why: 'it is an option of klee container ls',
		mend: 'write it after the command: klee container ls --all',
	});
	assert.equal((await advice('--theme', 'foo', 'lsc')).mend, 'see klee --help');
	assert.equal((await advice('network', 'create', '-t', 'x', 'web')).mend, 'see klee network create --help');
	assert.equal((await advice('lsc', '--bogus')).mend, 'see klee lsc --help');
});

test('a command without a shortcut is named with its group', async () => {
	assert.equal((await advice('rename', 'a', 'b')).mend, 'did you mean klee container rename?');
	assert.equal((await advice('connect', 'network', 'web')).mend, 'did you mean klee network connect?');
	assert.equal((await advice('tag', 'x', 'y')).mend, 'did you mean klee image tag?');
	assert.match(
		(await advice('prune')).mend,
		/^did you mean klee container prune or klee image prune or .*volume prune\?$/,
	);
	assert.equal((await advice('network', 'lss')).mend, 'did you mean ls? See klee network --help');
	assert.equal((await advice('nonsense')).mend, 'see klee --help');
});

test('who wants to build an image learns how to get one', async () => {
	for (const words of [
		['build', '.'],
		['image', 'build', '-t', 'x', '.'],
	])
		assert.match((await advice(...words)).mend, /"klee image create -t NAME fetch URL".*fetch-auto"$/);
});
