/** `klee build`: images from Dockerfiles. */
import assert from 'node:assert/strict';
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
});
afterEach(async () => {
	removeContexts();
	await host.removeContainers();
});
after(() => host.close());

async function build(directory: string, ...options: readonly string[]) {
	const outcome = await host.klee('build', '-t', 'app', ...options, directory);
	assert.equal(outcome.code, 0, outcome.stderr);
	return outcome;
}

const output = (...words: readonly string[]) => host.kleeOutput('run', '--rm', ...words);

test('instructions are carried out, and the image has their settings', async () => {
	const dockerfile = `
ARG BASE=Debian
FROM \${BASE}
ARG NAME=nobody
ENV GREETING="hello  $NAME"
WORKDIR /srv/app
COPY data.txt ./
RUN echo "$GREETING" >greeting && id -u >uid
USER 1000
LABEL maker="us and them"
CMD ["/bin/sh", "-c", "cat greeting data.txt; pwd; id -u"]
`;
	const directory = context(dockerfile, { 'data.txt': 'data\n' });
	const { stdout, stderr } = await build(directory, '--build-arg', 'NAME=you');
	assert.match(stdout, /^[0-9a-f]{12}\n$/);
	assert.match(stderr, /Step 7\/10 : RUN echo "\$GREETING"/);
	assert.match(stderr, /--> Snapshot created: @[0-9a-f]{12}\n/);
	assert.equal(await output('app'), 'hello  you\ndata\n/srv/app\n1000');
	assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
});

test('unchanged steps come from the cache, changed files and those after them do not', async () => {
	const dockerfile = 'FROM Debian\nRUN date +%N >/one\nCOPY file /file\nRUN date +%N >/two\n';
	const directory = context(dockerfile, { file: '1' });
	const read = () => output('app', 'cat', '/one', '/two');
	await build(directory);
	const first = await read();
	const again = await build(directory);
	assert.equal(again.stderr.match(/--> Using cache/g)?.length, 3);
	assert.equal(await read(), first);
	writeFileSync(join(directory, 'file'), '2');
	await build(directory);
	const [[one, two], changed] = [first.split('\n'), (await read()).split('\n')];
	assert.deepEqual([changed[0] === one, changed[1] === two], [true, false]);
	await build(directory, '--no-cache');
	assert.notEqual((await read()).split('\n')[0], one);
});

test('stages copy from each other and from images, with owners and permissions', async () => {
	const dockerfile = `
FROM Debian AS maker
RUN mkdir -p /out/dir && echo made >/out/dir/file && ln -s dir/file /out/link
FROM Debian AS unused
RUN exit 1
FROM Debian
COPY --from=maker --chown=12:34 --chmod=640 /out /copied/
COPY --from=0 /out/dir/file /copied/plain
COPY --from=Debian /etc/debian_version /of-image
RUN stat -c '%n %u:%g %a' /copied/dir/file /copied/plain && readlink /copied/link && cat /copied/link
`;
	const { stderr } = await build(context(dockerfile));
	assert.doesNotMatch(stderr, /exit 1/);
	assert.match(stderr, /\/copied\/dir\/file 12:34 640\n\/copied\/plain 0:0 644\ndir\/file\nmade\n/);
	assert.match(await output('app', 'cat', '/of-image'), /^\d/);
});

test('an image of one static program is built from scratch', async () => {
	const directory = context('FROM scratch\nCOPY busybox /bin/\nENTRYPOINT ["/bin/busybox"]\nCMD ["echo", "hello"]\n');
	copyFileSync(provideBusybox(), join(directory, 'busybox'));
	await build(directory);
	assert.equal(await output('app', '/bin/busybox', 'echo', 'hello'), 'hello');
});

test('a failed build is kept as NAME:failed, unless --rm', async () => {
	const directory = context('FROM Debian\nRUN echo before >/state\nRUN echo half >/half; echo oops >&2; exit 7\n');
	const outcome = await host.klee('build', '-t', 'app', directory);
	assert.equal(outcome.code, 1);
	assert.equal(outcome.stdout, '');
	assert.match(outcome.stderr, /oops\nThe command '\/bin\/sh -c echo half .*' returned a non-zero code: 7/);
	assert.match(outcome.stderr, /klee run -t app:failed/);
	assert.equal(await output('app:failed', 'cat', '/state', '/half'), 'before\nhalf');
	await host.kleeOutput('rmi', 'app:failed');
	const images = await host.kleeJson('lsi');
	const gone = await host.klee('build', '--rm', '-t', 'app', directory);
	assert.equal(gone.code, 1);
	assert.deepEqual(await host.kleeJson('lsi'), images);
});
