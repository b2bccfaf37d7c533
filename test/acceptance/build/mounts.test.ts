/** `RUN --mount`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
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
	const outcome = await host.klee('build', '--rm', '-t', 'app', ...options, directory);
	assert.equal(outcome.code, 0, outcome.stderr);
	return outcome;
}

async function refused(dockerfile: string, pattern: RegExp, ...options: readonly string[]) {
	const outcome = await host.klee('build', '--rm', '-t', 'app', ...options, context(dockerfile));
	assert.notEqual(outcome.code, 0, outcome.stderr);
	assert.match(outcome.stderr, pattern);
	assert.doesNotMatch(outcome.stderr, / {4}at |internal/);
}

const output = (...words: readonly string[]) => host.kleeOutput('run', '--rm', ...words);
const layers = () => join(host.root, 'layers');
const findInLayers = (text: string) =>
	execFileSync('sh', ['-c', `grep -rl -- "$1" "$2" || true`, 'sh', text, layers()], { encoding: 'utf8' });

test('a cache outlasts builds, is shared by its id, and is in no layer', async () => {
	const step = (id: string, n: number) => `RUN --mount=type=cache,target=/root/.cache/pip,id=${id} \\
    echo ${n} >>/root/.cache/pip/runs && cp /root/.cache/pip/runs /seen\n`;
	await build(context(`FROM Debian\n${step('pip', 1)}`));
	await build(context(`FROM Debian\n${step('pip', 2)}RUN ls -A /root >/left\n`));
	assert.equal(await output('app', 'cat', '/seen'), '1\n2');
	assert.doesNotMatch(await output('app', 'cat', '/left'), /cache/);
	await build(context(`FROM Debian\n${step('other', 3)}`));
	assert.equal(await output('app', 'cat', '/seen'), '3');
	const owned = 'RUN --mount=type=cache,target=/c,uid=12,gid=34,mode=0700 stat -c "%u %g %a" /c >/owner';
	await build(context(`FROM Debian\n${owned}\n`));
	assert.equal(await output('app', 'cat', '/owner'), '12 34 700');
});

test('of a cache that is locked one RUN after the other has it, of a private one each its own', async () => {
	const two = (sharing: string, command: string) => `
FROM Debian AS one
RUN --mount=type=cache,target=/c,id=${sharing},sharing=${sharing} ${command}
FROM Debian AS two
RUN true; --mount; true
FROM Debian AS two2
RUN --mount=type=cache,target=/c,id=${sharing},sharing=${sharing} ${command} && true
FROM Debian
COPY --from=one /etc/debian_version /one
COPY --from=two2 /etc/debian_version /two
`;
	const exclusively = 'mkdir /c/lock && sleep 0.3 && rmdir /c/lock';
	await build(context(two('locked', exclusively)));
	const apart = 'mkdir /c/mine && sleep 0.5';
	await build(context(two('private', apart)));
});

test('files of the context and of stages are mounted, read-only or with changes that are discarded', async () => {
	const dockerfile = `
FROM Debian AS maker
RUN mkdir /out && echo made >/out/file && ln -s /etc/debian_version /out/link
FROM Debian
WORKDIR /work
RUN --mount=target=. --mount=type=bind,from=maker,source=/out,target=/m --mount=source=dir/one,target=/one,rw \\
    cat data /m/file /m/link /one >/seen && ! touch new 2>/dev/null && echo changed >/one
RUN --mount=target=/src,rw echo more >>/src/data && cat /src/data >>/seen
RUN --mount=target=/src cat /src/data >>/seen
RUN --mount=type=tmpfs,target=/t,size=1m stat -f -c %T /t >>/seen; ! dd if=/dev/zero of=/t/x bs=1M count=2 2>/dev/null
`;
	const directory = context(dockerfile, { data: 'data\n', 'dir/one': 'one\n' });
	await build(directory);
	const version = await output('Debian', 'cat', '/etc/debian_version');
	assert.equal(await output('app', 'cat', '/seen'), `data\nmade\n${version}\none\ndata\nmore\ndata\ntmpfs`);
	assert.equal(await output('app', 'sh', '-c', 'ls -A /work; ls -d /m /one /src /t 2>/dev/null | wc -l'), '0');
	const again = await build(directory);
	assert.equal(again.stderr.match(/--> Using cache/g)?.length, 6);
	writeFileSync(join(directory, 'dir/one'), 'two\n');
	const changed = await build(directory);
	assert.match(changed.stderr, /Step 5\/8[^\n]*\n(?!--> Using cache)/);
});

test('a secret is seen by its RUN alone: no layer, no history, no cache key and no file of the daemon has it', async () => {
	const secret = 'hush-4711';
	const dockerfile = `
FROM Debian
RUN --mount=type=secret,id=token [ "$(cat /run/secrets/token)" = ${secret.slice(0, 4)}-$((4700 + 11)) ] && stat -c %a /run/secrets/token
RUN --mount=type=secret,id=token,target=/etc/token,uid=7,mode=0440,required stat -c '%u %a' /etc/token
RUN --mount=type=secret,id=other [ ! -e /run/secrets/other ] && [ ! -e /run/secrets ] && [ ! -e /etc/token ]
`;
	const directory = context(dockerfile);
	const file = join(host.folder, 'token');
	writeFileSync(file, secret);
	const { stderr } = await build(directory, '--secret', `id=token,src=${file}`);
	assert.match(stderr, /\n400\n.*\n7 440\n/s);
	assert.equal(findInLayers(secret), '');
	execFileSync('sh', ['-c', '! grep -rq -- "$1" "$2"', 'sh', secret, host.root]);
	writeFileSync(file, 'another');
	assert.equal((await build(directory, '--secret', `id=token,src=${file}`)).stderr.match(/Using cache/g)?.length, 3);
	const env = { ...host.environment, TOKEN: secret };
	const own = ['build', '--no-cache', '--secret', 'id=token,env=TOKEN', directory];
	assert.equal((await host.kleeWith({ env }, ...own)).code, 0);
	const required = 'FROM Debian\nRUN --mount=type=secret,id=token,required true\n';
	await refused(required, /the build was given no secret token\n hint: add --secret id=token,src=FILE/);
	await refused(dockerfile, /cannot use the secret token\n {2}why: ENOENT/, '--secret', 'id=token,src=/nowhere');
});

test('what is not supported is refused by name', async () => {
	const run = (options: string) => `FROM Debian\nRUN ${options} true\n`;
	await refused(run('--mount=type=ssh'), /mounts of type ssh are not supported\n hint: hand over a key/);
	await refused(run('--mount=type=cache,from=x,target=/c'), /type=cache has no option from/);
	await refused(run('--mount=type=cache'), /type=cache has no target/);
	const late = 'FROM Debian AS a\nFROM Debian\nARG S=a\nRUN --mount=from=$S,target=/a true\n';
	await refused(late, /nothing tells before the build that stage 0 is needed/);
	await refused(run('--network=none'), /RUN --network is not supported/);
	await refused(run('--mount=type=cache,target=/proc/x'), /own \/proc, \/sys and \/dev/);
	await refused(run('--mount=type=cache,target=/'), /root directory of the image/);
	await refused(run('--mount=type=tmpfs,target=/a --mount=type=cache,target=/b/../a'), /two mounts have this target/);
	await refused(
		run('--mount=type=tmpfs,target=/etc/debian_version'),
		/\/etc\/debian_version is no directory in the image/,
	);
	await refused(run('--mount=type=cache,target=/c,sharing=some'), /"some" is no way to share a cache/);
	await refused(run('--mount=type=bind,target=/c,source=none'), /there is no such file/);
});

test('sources and targets stay inside, whatever links lead out', async () => {
	const mark = join(host.root, 'outside');
	execFileSync('mkdir', [mark]);
	const directory = context(
		`FROM Debian
RUN mkdir -p ${mark} && ln -s ${mark} /escape && ln -s ../../../../../../..${mark} /up && ln -s /proc /p && ln -s /nowhere /dangling
RUN --mount=type=secret,id=s,target=/escape/secret --mount=type=cache,target=/up/cache \\
    test -f ${mark}/secret && test -d ${mark}/cache
RUN --mount=source=link,target=/src ! ls /src/kleened* /src/*/lost+found 2>/dev/null && ls -A /src
RUN --mount=source=../../../..,target=/src ls /src/Dockerfile && ! cat /src/up/etc/hostname
RUN --mount=from=stage,source=/to,target=/src true
`.replace('FROM Debian', 'FROM Debian AS stage\nRUN ln -s / /to && mkdir /to2\nFROM Debian'),
		{ 'root/file': '' },
	);
	symlinkSync('/root', join(directory, 'link'));
	symlinkSync('../../../../../../..', join(directory, 'up'));
	writeFileSync(join(host.folder, 's'), 'x');
	await build(directory, '--secret', `id=s,src=${join(host.folder, 's')}`);
	assert.deepEqual(readdirSync(mark), []);
	for (const [target, pattern] of [
		['/p/self/x', /proc/],
		['/dangling', /a link of the image leads nowhere/],
	] as const) {
		const links = 'RUN ln -s /proc /p && ln -s /nowhere /dangling\n';
		await refused(`FROM Debian\n${links}RUN --mount=type=cache,target=${target} true\n`, pattern);
	}
	symlinkSync('/dev/null', join(directory, 'null'));
	await refused('FROM Debian\nRUN --mount=target=/x,source=null true\n', /there is no such file/);
	execFileSync('rmdir', [mark]);
	assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
	assert.deepEqual(await host.lastingLeftovers(), []);
});

const EVERY = `RUN --mount=type=cache,target=/c --mount=type=secret,id=s --mount=type=tmpfs,target=/t --mount=target=/src,rw \\
    touch /c/new /t/new /src/new && cat /run/secrets/s && echo begun`;

test('containers with a network stack of their own have mounts too', async () => {
	const file = join(host.folder, 's');
	writeFileSync(file, 'hush\n');
	const { stderr } = await build(context(`FROM Debian\n${EVERY}\n`), '-l', 'disabled', '--secret', `id=s,src=${file}`);
	assert.match(stderr, /\nhush\nbegun\n/);
});

test('a client that leaves or a daemon that is killed leaves no mount, and no place for one', async () => {
	const file = join(host.folder, 's');
	writeFileSync(file, 'hush\n');
	const directory = context(`FROM Debian\n${EVERY}; sleep 60\n`);
	const mounts = () =>
		readFileSync('/proc/self/mountinfo', 'utf8')
			.split('\n')
			.filter((line) => line.includes(host.root));
	for (const who of ['client', 'daemon']) {
		const building = host.converse(['build', '-t', 'app', '--secret', `id=s,src=${file}`, directory]);
		await building.until(/\nbegun/);
		assert.ok(mounts().length > 4);
		if (who === 'client') building.child.kill('SIGINT');
		else await host.stopDaemon('SIGKILL');
		assert.notEqual((await building.ended).code, 0);
		if (who === 'daemon') await host.startDaemon();
		await eventually('nothing is left', async () => (await host.kleeJson<unknown[]>('lsc', '-a')).length === 0);
		assert.deepEqual(mounts(), []);
		assert.deepEqual(await host.lastingLeftovers(), []);
	}
});

test('what every container has mounted leaves no place in the layers of a build', async () => {
	const directory = context('FROM scratch\nCOPY busybox /bin/\nRUN ["/bin/busybox", "touch", "/made"]\n');
	copyFileSync(provideBusybox(), join(directory, 'busybox'));
	await build(directory);
	const { instructions } = await host.kleeJson<{ instructions: [string, string][] }>('image', 'inspect', 'app');
	const top = instructions.at(-1)?.[1] ?? '';
	assert.deepEqual(readdirSync(join(layers(), top.replace('@', ''))), ['made']);
});
