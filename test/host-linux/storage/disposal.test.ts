/** Files that are removed while a daemon starts: out of the way at once, gone in the background. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Paths } from '#host/linux/paths.ts';
import { Disposal } from '#host/linux/storage/disposal.ts';
import { outputOf } from '#test/testbed/command.ts';

let root: string;
let paths: Paths;
let warnings: string[];

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), 'k-disposal-'));
	paths = new Paths(root);
	warnings = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function open(): Disposal {
	return new Disposal(paths, { warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`) });
}

function tree(name: string, files: number): string {
	const path = join(root, name);
	mkdirSync(join(path, 'below'), { recursive: true });
	for (let count = 0; count < files; count += 1) writeFileSync(join(path, 'below', `${count}`), '');
	return path;
}

const waiting = () => (existsSync(paths.removed()) ? readdirSync(paths.removed()) : []);

test('while the daemon starts a tree is only moved, and afterwards it is removed', async () => {
	const disposal = open();
	const path = tree('one', 10);
	await disposal.remove(path);
	await disposal.remove(path);
	assert.equal(existsSync(path), false);
	assert.equal(waiting().length, 1);
	await disposal.begin();
	assert.deepEqual(waiting(), []);
});

test('from then on it is removed in place', async () => {
	const disposal = open();
	await disposal.begin();
	const path = tree('one', 10);
	await disposal.remove(path);
	assert.equal(existsSync(path), false);
	assert.deepEqual(waiting(), []);
});

test('what a daemon did not come to is removed by the next one', async () => {
	const first = open();
	await first.remove(tree('one', 5000));
	const begun = first.begin();
	first.close();
	await begun;
	assert.equal(waiting().length, 1, 'it ended half done');
	await open().begin();
	assert.deepEqual(waiting(), []);
	assert.deepEqual(warnings, []);
});

test('a tree with a mount in it stays in its place', async () => {
	const path = tree('one', 1);
	await outputOf(['mount', '-t', 'tmpfs', 'tmpfs', join(path, 'below')]);
	try {
		await assert.rejects(open().remove(path), { code: 'HOST_FAILED', why: /something is mounted below it/ });
		assert.ok(existsSync(path));
	} finally {
		await outputOf(['umount', join(path, 'below')]);
	}
});

test('a tree that cannot be removed is named, and the others go', async () => {
	const disposal = open();
	await disposal.remove(tree('one', 1));
	await disposal.remove(tree('two', 1));
	const [stuck = ''] = waiting();
	const below = join(paths.removed(), stuck, 'below');
	await outputOf(['mount', '-t', 'tmpfs', 'tmpfs', below]);
	try {
		await disposal.begin();
		assert.deepEqual(waiting(), [stuck]);
		assert.match(warnings.join('\n'), /cannot remove files .*something is mounted below it.*"hint":"unmount it/);
	} finally {
		await outputOf(['umount', below]);
	}
});

test('files on another file system are removed in place', async () => {
	const volumes = paths.volumes();
	mkdirSync(volumes);
	await outputOf(['mount', '-t', 'tmpfs', 'tmpfs', volumes]);
	try {
		const path = tree('volumes/one', 3);
		await open().remove(path);
		assert.equal(existsSync(path), false);
		assert.deepEqual(waiting(), []);
	} finally {
		await outputOf(['umount', volumes]);
	}
});
