import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startProcess } from './run-klee.ts';

const BIN = join(import.meta.dirname, '../../bin');
let folder: string;

/** A node that says which one it is and what it was asked to run. */
function fakeNode(path: string, version: string): void {
	writeFileSync(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else echo "${version} $*"; fi\n`);
	chmodSync(path, 0o755);
}

function launch(command: string, path = join(folder, 'path')) {
	return startProcess('/bin/sh', ['-c', `${command} lsn 'a  b'`], {
		env: { PATH: `${path}:/usr/bin:/bin` },
		cwd: folder,
	}).ended;
}

before(() => {
	folder = mkdtempSync(join(tmpdir(), 'klee-launcher-'));
	cpSync(BIN, join(folder, 'checkout/bin'), { recursive: true });
	mkdirSync(join(folder, 'path'));
	fakeNode(join(folder, 'path/node'), 'v22.18.0');
	mkdirSync(join(folder, 'links'));
	symlinkSync('../checkout/bin/klee', join(folder, 'links/one'));
	symlinkSync('one', join(folder, 'links/two'));
	symlinkSync(join(folder, 'links/two'), join(folder, 'three'));
});
after(() => rmSync(folder, { recursive: true }));

test('without dist/ the sources run, through any chain of links', async () => {
	for (const command of [
		'checkout/bin/klee',
		'./three',
		`${folder}/links/two`,
		'cd links && ./two',
		'cd checkout/bin && sh klee',
	]) {
		const { code, stdout, stderr } = await launch(command);
		assert.deepEqual([code, stderr], [0, ''], command);
		assert.match(stdout, /^v22\.18\.0 .*\/src\/cli\/main\.ts lsn a {2}b\n$/, command);
	}
	assert.match((await launch('checkout/bin/kleened')).stdout, /\/src\/daemon\/main\.ts lsn/);
});

test('with dist/ the bundle runs, with the node that npm installed', async () => {
	const root = join(folder, 'built');
	cpSync(BIN, join(root, 'bin'), { recursive: true });
	mkdirSync(join(root, 'dist'));
	mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
	for (const name of ['klee.cjs', 'kleened.mjs']) writeFileSync(join(root, 'dist', name), '');
	fakeNode(join(root, 'node_modules/.bin/node'), 'v26.0.0');
	assert.match((await launch('built/bin/klee')).stdout, /^v26\.0\.0 .*\/dist\/klee\.cjs lsn/);
	assert.match((await launch('built/bin/kleened')).stdout, /^v26\.0\.0 .*\/dist\/kleened\.mjs lsn/);
});

test('a node that is too old is named, with what to do', async () => {
	const old = join(folder, 'old');
	mkdirSync(old);
	for (const version of ['v20.20.2', 'v22.17.9', 'v9.1.0']) {
		fakeNode(join(old, 'node'), version);
		const { code, stdout, stderr } = await launch('checkout/bin/klee', old);
		assert.deepEqual([code, stdout], [1, ''], version);
		assert.match(
			stderr,
			new RegExp(`^error: klee needs Node 22\\.18 or newer, and .*/old/node is ${version}\n hint: .*npm ci`),
		);
	}
});
