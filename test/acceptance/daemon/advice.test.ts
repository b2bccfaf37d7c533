/** Mistakes that users make: the reason is the true one, and the hint helps. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());

async function advised(words: readonly string[], why: RegExp, hint: RegExp): Promise<void> {
	const { code, stderr } = await host.klee(...words);
	assert.notEqual(code, 0, words.join(' '));
	assert.match(stderr, why, words.join(' '));
	assert.match(stderr, new RegExp(` hint: .*${hint.source}`), words.join(' '));
}

test('sizes', async () => {
	await advised(['run', '--tmpfs', '/x:size=zz', 'Debian'], /not a number of bytes/, /--tmpfs \/run:size=64m/);
	await advised(['run', '--memory', '99999t', 'Debian'], /more than 8191t/, /--memory 512m/);
});

test('images and archives of them', async () => {
	await advised(['pull', 'BAD//x'], /invalid reference format/, /lower case/);
	await advised(['save', '-o', join(host.folder, 'x'), 'Debian'], /must be lowercase/, /klee tag/);
	await host.kleeOutput('tag', 'Debian', 'deb');
	await advised(['save', '-o', '/nodir/x', 'deb'], /no such file or directory/, /directory that exists/);
	const archive = join(host.folder, 'deb.tar');
	await host.kleeOutput('save', '-o', archive, 'deb');
	writeFileSync(archive, readFileSync(archive).subarray(0, 2_000_000));
	await advised(['load', '-i', archive], /truncated/, /compare its size/);
	await host.kleeOutput('tag', 'deb', 'Debian');
});

test('a build that copies a link to what is not there', async () => {
	const context = join(host.folder, 'context');
	mkdirSync(context);
	symlinkSync('missing', join(context, 'link'));
	writeFileSync(join(context, 'Dockerfile'), 'FROM Debian\nCOPY link /link\n');
	await advised(['build', context], /cannot copy link: it is a link to missing/, /keeps links/);
});

test('a command with options that klee would take for its own', async () => {
	await host.kleeOutput('create', '--name', 'idle', 'Debian');
	const words = ['container', 'update', 'idle', 'sh', '-c', 'ls'];
	await advised(words, /unknown option '-c'/, /update \[OPTIONS\] CONTAINER -- COMMAND -c/);
	await host.kleeOutput('container', 'update', 'idle', '--', 'sh', '-c', 'ls');
});

test('a container of run --rm is not lost by a restart', async () => {
	await host.kleeOutput('run', '-d', '--rm', '--name', 'passing', 'Debian', 'sleep', '600');
	await advised(['restart', 'passing'], /--rm/, /run it again/);
	assert.match(await host.kleeOutput('lsc'), /passing .* running/);
});

test('lists show the policy that starts a container, and info whole paths', async () => {
	await host.kleeOutput('create', '--name', 'policy', '--restart', 'unless-stopped', 'Debian');
	assert.match(await host.kleeOutput('lsc', '-a'), / policy .* unless-stopped /);
	const info = await host.kleeOutput('info');
	for (const name of ['layers', 'containers', 'volumes'])
		assert.match(info, new RegExp(`Storage of ${name}: +${host.root}/${name}\n`));
});
