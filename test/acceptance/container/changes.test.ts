/** What containers changed in their files, and waiting for their end. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
afterEach(() => host.removeContainers());
after(() => host.close());

const start = (name: string, script: string, ...options: readonly string[]) =>
	host.kleeOutput('run', '-d', '--name', name, ...options, 'Debian', '/bin/sh', '-c', script);

test('klee diff lists what was added, changed and deleted, while it runs and afterwards', async () => {
	const script =
		'mkdir /new; echo x >/new/file; echo x >>/etc/passwd; rm /etc/group; rm -r /usr/share/dpkg; ln -s / /new/link';
	await start('changed', `${script}; printf x >"/new/$(printf 'a\\033b')"; exec sleep 600`);
	const expected = ['A /new', 'A /new/file', 'A /new/link', 'A /new/a?b', 'C /etc', 'C /etc/passwd', 'D /etc/group'];
	const diff = async () => (await host.kleeOutput('diff', 'changed')).split('\n');
	await eventually('all is written', async () => (await diff()).includes('A /new/a?b'));
	for (const line of expected) assert.ok((await diff()).includes(line), line);
	assert.ok((await diff()).includes('D /usr/share/dpkg'));
	assert.ok(!(await diff()).some((line) => line.startsWith('A /new/link/')));
	await host.kleeOutput('stop', '-t', '0', 'changed');
	const lines = (await host.kleeOutput('diff', '--json', 'changed')).split('\n').map((line) => JSON.parse(line));
	assert.ok(lines.some(({ kind, path }) => kind === 'added' && path === '/new/a\u001bb'));
	await host.kleeOutput('create', '--name', 'fresh', 'Debian');
	assert.equal(await host.kleeOutput('diff', 'fresh'), '');
	assert.equal((await host.klee('diff', 'nosuch')).code, 1);
});

test('klee wait prints the exit code of a container when it has ended', async () => {
	await start('ends', 'while [ ! -e /end ]; do sleep 0.05; done; exit 7');
	const waiting = host.klee('wait', 'ends');
	await host.kleeOutput('exec', 'ends', 'touch', '/end');
	assert.deepEqual(await waiting, { stdout: '7\n', stderr: '', code: 0 });
	assert.equal(await host.kleeOutput('wait', 'ends', 'ends'), '7\n7');
	await start('gone', 'sleep 1; exit 3', '--rm');
	assert.equal(await host.kleeOutput('wait', 'gone'), '3');
	await host.kleeOutput('create', '--name', 'never', 'Debian');
	const { code, stderr } = await host.klee('wait', 'never');
	assert.equal(code, 1);
	assert.match(stderr, /it never ran/);
});
