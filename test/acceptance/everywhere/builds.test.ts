/** `klee build`: steps, snapshots, the cache, failures. On either host. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';
import { context, removeContexts } from '../build/context.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(async () => {
	removeContexts();
	await host.removeContainers();
});
after(() => host.close());

const SNAPSHOT = /--> Snapshot created: @([0-9a-f]{12})\n/g;
const snapshots = (text: string) => [...text.matchAll(SNAPSHOT)].map(([, id = '']) => id);
const build = (directory: string, ...options: readonly string[]) => host.klee('build', ...options, directory);

test('a context travels to the host; steps make snapshots, and unchanged ones come from the cache', async () => {
	const dockerfile = `FROM ${host.image}
ENV GREETING=hello
COPY *.txt /data/
COPY dir /data/dir
RUN echo "$GREETING from a step"
CMD ["/bin/sh", "-c", "echo run"]
`;
	const files = { 'a.txt': 'a', 'b.txt': 'b', 'dir/c': 'c' };
	const first = await build(context(dockerfile, files), '-t', 'app');
	assert.equal(first.code, 0, first.stderr);
	assert.match(first.stderr, /hello from a step/);
	assert.equal(snapshots(first.stderr).length, 3);
	const again = await build(context(dockerfile, files), '-t', 'app');
	assert.equal(again.stderr.match(/--> Using cache/g)?.length, 3, again.stderr);
	const changed = await build(context(dockerfile, { ...files, 'dir/c': 'changed' }), '-t', 'app');
	assert.equal(changed.stderr.match(/--> Using cache/g)?.length, 1, changed.stderr);
	assert.equal(await host.kleeOutput('run', '--rm', 'app'), 'run');
	const [snapshot = ''] = snapshots(changed.stderr);
	assert.equal(await host.kleeOutput('run', '--rm', `app@${snapshot}`, 'echo', 'x'), 'x');
	const branch = await build(context(`FROM app@${snapshot}\nRUN true\n`), '-t', 'branch');
	assert.equal(branch.code, 0, branch.stderr);
});

test('stages: files of one are copied to the next', async () => {
	const dockerfile = `FROM ${host.image} AS one
COPY file /made/file
FROM ${host.image}
COPY --from=one /made /taken
`;
	const outcome = await build(context(dockerfile, { file: 'x' }), '-t', 'stages');
	assert.equal(outcome.code, 0, outcome.stderr);
	assert.equal(snapshots(outcome.stderr).length, 2);
});

test('mounts of RUN leave no place in the image, a cache outlasts builds, and a prune removes it', async () => {
	const mounts =
		'--mount=type=cache,target=/c --mount=type=tmpfs,target=/t --mount=target=/src,rw --mount=type=secret,id=token,required';
	const directory = context(`FROM ${host.image}\nRUN ${mounts} echo mounted\n`, { file: 'x', token: 'hush' });
	const refused = await build(directory, '-t', 'app');
	assert.match(refused.stderr, /the build was given no secret token/);
	const secret = ['--secret', `id=token,src=${join(directory, 'token')}`];
	const first = await build(directory, '-t', 'app', ...secret);
	assert.equal(first.code, 0, first.stderr);
	assert.match(first.stderr, /\nmounted\n/);
	assert.match((await build(directory, '-t', 'app', ...secret)).stderr, /--> Using cache/);
	const id = await host.kleeOutput('create', '-l', 'disabled', 'app');
	for (const place of ['/c', '/t', '/src', '/run/secrets']) {
		const copy = await host.klee('cp', `${id}:${place}`, directory);
		assert.deepEqual([copy.code, /no such file/.test(copy.stderr)], [1, true], place);
	}
	const usage = await host.kleeOutput('system', 'df', '-v');
	assert.match(usage, /[0-9a-f]{32}/);
	assert.match(await host.kleeOutput('system', 'prune', '--dry-run'), /cache.*[0-9a-f]{12}/);
	await host.kleeOutput('system', 'prune', '-f');
	assert.doesNotMatch(await host.kleeOutput('system', 'df', '-v'), /[0-9a-f]{32}/);
});

test('a command that fails: its exit code is told, and the state before is kept', async () => {
	const outcome = await build(context(`FROM ${host.image}\nRUN true\nRUN exit 7\n`), '-t', 'broken');
	assert.equal(outcome.code, 1);
	assert.match(outcome.stderr, /returned a non-zero code: 7/);
	assert.match(outcome.stderr, /broken:failed/);
	await host.kleeOutput('rmi', 'broken:failed');
	const missing = await build(context(`FROM ${host.image}\nCOPY none /\n`), '-t', 'broken');
	assert.equal(missing.code, 1);
	assert.match(missing.stderr, /cannot copy none.*no such file/s);
	assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
});
