/** Builds beside whoever prunes: nothing that a build uses goes, and everything else does. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { context, removeContexts } from './context.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('volume', 'create', 'gate');
});
afterEach(async () => {
	removeContexts();
	await host.removeContainers();
});
after(() => host.close());

const WAIT = 'for i in $(seq 600); do [ -e /gate/open ] && exit 0; sleep 0.05; done; exit 1';
const volume = () => join(host.root, 'volumes/gate');

async function prune(): Promise<void> {
	await host.kleeOutput('container', 'prune', '-f');
	await host.kleeOutput('image', 'prune', '-f');
}

test('a build uses stages, cached layers and containers that a prune would remove', async () => {
	const dockerfile = `
FROM Debian AS made
RUN echo made >/made
FROM scratch AS empty
COPY file /file
FROM Debian
RUN echo cached >/cached
RUN touch /gate/begun; ${WAIT}
WORKDIR /srv
COPY --from=made /made /
COPY --from=empty /file /
`;
	const directory = context(dockerfile, { file: 'f' });
	const building = host.converse(['build', '-t', 'app', '-m', 'gate:/gate', directory]);
	await building.until(/RUN touch/);
	const refused = await host.klee('rmi', 'Debian');
	assert.equal(refused.code, 1);
	for (let n = 0; n < 5; n++) await prune();
	writeFileSync(join(volume(), 'open'), '');
	while (building.child.exitCode === null) await prune();
	assert.equal((await building.ended).code, 0, building.output);
	const { stdout } = await host.klee('run', '--rm', 'app', 'cat', '/made', '/cached', '/file');
	assert.equal(stdout, 'made\ncached\nf');
});

test('a build that is wholly in the cache ends with its image, whoever prunes meanwhile', async () => {
	const directory = context(
		'FROM Debian AS one\nRUN echo 1 >/one\nFROM Debian\nCOPY --from=one /one /one\nRUN cat /one\n',
	);
	for (let n = 0; n < 6; n++) {
		const [{ code, stderr }] = await Promise.all([
			host.klee('build', '-t', `app:${n % 2}`, directory),
			prune(),
			prune(),
		]);
		assert.equal(code, 0, stderr);
		assert.equal(await host.kleeOutput('run', '--rm', `app:${n % 2}`, 'cat', '/one'), '1');
	}
});

test('images that are loaded or created while somebody prunes are whole', async () => {
	const archive = join(host.folder, 'app.tar');
	const directory = context('FROM scratch\nCOPY busybox /bin/\nCOPY Dockerfile /two\n');
	copyFileSync(provideBusybox(), join(directory, 'busybox'));
	await host.kleeOutput('build', '-t', 'sent', directory);
	await host.kleeOutput('save', '-o', archive, 'sent');
	const root = context('', { 'bin/true': '' });
	execFileSync('tar', ['-C', root, '-cf', join(host.folder, 'root.tar'), '.']);
	const create = ['image', 'create', '-t', 'made', 'fetch', `file://${host.folder}/root.tar`];
	for (let n = 0; n < 4; n++) {
		await host.kleeOutput('rmi', 'sent');
		await Promise.all([host.kleeOutput('load', '-i', archive), prune(), host.kleeOutput(...create), prune()]);
		assert.match(await host.kleeOutput('run', '--rm', 'sent', '/bin/busybox', 'cat', '/two'), /FROM scratch/);
		assert.match(await host.kleeOutput('image', 'inspect', 'made'), /made/);
	}
});
