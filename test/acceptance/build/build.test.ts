/** `klee build`: images from Dockerfiles. */
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

test('stages that do not need each other are built at the same time', async () => {
	const wait = (own: string, other: string) =>
		`touch /shared/${own}; for i in $(seq 200); do [ -e /shared/${other} ] && exit 0; sleep 0.05; done; exit 1`;
	const dockerfile = `
FROM Debian AS one
RUN ${wait('a', 'b')}
FROM Debian AS two
RUN ${wait('b', 'a')}
FROM Debian
COPY --from=one /etc/debian_version /one
COPY --from=two /etc/debian_version /two
`;
	const { stderr } = await build(context(dockerfile), '-m', 'shared:/shared');
	const steps = [...stderr.matchAll(/^Step (\d).*: .{10}/gm)].map(([, number]) => number);
	assert.deepEqual(steps.slice(0, 4), ['1', '2', '3', '4']);
	await host.kleeOutput('rmv', 'shared');
});

test('what an instruction says is text of the shell, of a here-document or of a list', async () => {
	const dockerfile = `
FROM Debian
SHELL ["/bin/sh", "-ec"]
RUN <<END
false || echo "script $((1 + 1))" >/a
END
RUN cat >/b <<END
input
END
COPY <<plain <<'raw' /texts/
home is $HOME
plain
home is $HOME
raw
ADD archive.tar.gz /unpacked/
RUN ["/bin/sh", "-c", "cat /a /b /texts/* /unpacked/Dockerfile >/all"]
`;
	const directory = context(dockerfile);
	execFileSync('tar', ['-C', directory, '-czf', join(directory, 'archive.tar.gz'), 'Dockerfile']);
	await build(directory);
	const expected = `script 2\ninput\nhome is \nhome is $HOME\n${dockerfile.trimEnd()}`;
	assert.equal(await output('app', 'cat', '/all'), expected);
});

test('what .dockerignore names is not sent, the Dockerfile always is', async () => {
	const dockerfile = 'FROM Debian\nCOPY . /all\nRUN cd /all && find . -type f | sort >/list\n';
	const ignored = '# comment\n*\n!kept\nkept/secret*\n';
	const files = { '.dockerignore': ignored, 'kept/file': '', 'kept/secret.txt': '', 'other/file': '', top: '' };
	await build(context(dockerfile, files));
	assert.equal(await output('app', 'cat', '/list'), './.dockerignore\n./Dockerfile\n./kept/file');
});

test('a snapshot is an image: in FROM, create and run', async () => {
	const { stderr } = await build(context('FROM Debian\nRUN echo 1 >/state\nRUN echo 2 >/state\n'));
	const [, snapshot = ''] = /Snapshot created: (@[0-9a-f]{12})/.exec(stderr) ?? [];
	assert.equal(await output(`app${snapshot}`, 'cat', '/state'), '1');
	await host.kleeOutput('build', '-t', 'again', context(`FROM app${snapshot}\nRUN cat /state >/seen\n`));
	assert.equal(await output('again', 'cat', '/seen'), '1');
	await host.kleeOutput('build', '-t', 'again', '--from', 'app', context('FROM nothing\nRUN cat /state >/seen\n'));
	assert.equal(await output('again', 'cat', '/seen'), '2');
});

test('a failed build is kept as NAME:failed, unless --rm', async () => {
	const directory = context('FROM Debian\nRUN echo before >/state\nRUN echo half >/half; echo oops >&2; exit 7\n');
	const outcome = await host.klee('build', '-t', 'app', directory);
	assert.equal(outcome.code, 1);
	assert.equal(outcome.stdout, '');
	assert.match(outcome.stderr, /oops\nThe command '\/bin\/sh -c echo half .*' returned a non-zero code: 7/);
	assert.match(outcome.stderr, /klee run -t app:failed/);
	assert.doesNotMatch(outcome.stderr, /internal error/);
	assert.equal(await output('app:failed', 'cat', '/state', '/half'), 'before\nhalf');
	await host.kleeOutput('rmi', 'app:failed');
	const images = await host.kleeJson('lsi');
	const gone = await host.klee('build', '--rm', '-t', 'app', directory);
	assert.equal(gone.code, 1);
	assert.deepEqual(await host.kleeJson('lsi'), images);
});

test('FROM --platform is that of the host, COPY --link is the same as without', async () => {
	const dockerfile =
		'FROM --platform=$BUILDPLATFORM Debian AS one\nFROM --platform=linux one\nCOPY --link file /file\n';
	await build(context(dockerfile, { file: 'linked' }));
	assert.equal(await output('app', 'cat', '/file'), 'linked');
	const foreign = await host.klee('build', '-t', 'app', context('FROM --platform=plan9/mips Debian\n'));
	assert.equal(foreign.code, 1);
	assert.match(foreign.stderr, /cannot build for the platform plan9\/mips: this host runs linux\//);
});

test('a build that is wholly in the cache ends with the image that is there', async () => {
	const directory = context('FROM Debian\nRUN echo same >/same\nCMD ["cat", "/same"]\n');
	const id = async (...options: readonly string[]) => host.kleeOutput('build', '-q', ...options, directory);
	const first = await id('-t', 'same');
	const { created } = await host.kleeJson<{ created: string }>('isi', 'same');
	assert.equal(await id('-t', 'same'), first);
	assert.equal(await id(), first, 'without a name');
	assert.equal((await host.kleeJson<{ created: string }>('isi', 'same')).created, created);
	const other = await id('-t', 'other');
	assert.notEqual(other, first, 'an image has one name');
	assert.equal((await host.kleeJson<{ id: string }>('isi', 'same')).id, first);
	assert.notEqual(await id('-t', 'same', '--no-cache'), first);
	writeFileSync(join(directory, 'Dockerfile'), 'FROM Debian\nRUN echo same >/same\nCMD ["cat", "/etc/hostname"]\n');
	assert.notEqual(await id('-t', 'other'), other, 'another setting');
});

test('each of several names is one of the image', async () => {
	const directory = context('FROM Debian\nRUN echo named >/named\n');
	const names = ['-t', 'one', '-t', 'two:v1'];
	const first = await host.kleeOutput('build', '-q', ...names, directory);
	for (const name of ['one', 'two:v1']) assert.equal(await output(name, 'cat', '/named'), 'named');
	assert.equal(await host.kleeOutput('build', '-q', ...names, directory), first);
	assert.equal(
		(await host.kleeJson<{ name: string }[]>('lsi')).filter(({ name }) => /^(one|two)$/.test(name)).length,
		2,
	);
});
