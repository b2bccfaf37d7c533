/** Commands about objects of any kind, by the names that other programs have for them, and what happens to objects. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'lan');
	await host.kleeOutput('create', '--name', 'web', '-n', 'lan', '-p', '8080:80', 'Debian', 'sleep', '600');
});
after(async () => {
	await host.removeContainers();
	await host.kleeOutput('network', 'rm', 'lan');
	await host.close();
});

interface Event {
	readonly type: string;
	readonly at?: string;
	readonly name?: string;
}

const parse = (text: string) =>
	text
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => JSON.parse(line) as Event);

test("docker's spelling of commands works", async () => {
	for (const [theirs, ours] of [
		[
			['ps', '-a'],
			['lsc', '-a'],
		],
		[
			['container', 'ps', '-a'],
			['lsc', '-a'],
		],
		[['images'], ['lsi']],
		[['image', 'list'], ['lsi']],
		[['network', 'list'], ['lsn']],
	] as const)
		assert.deepEqual(await host.kleeJson(...theirs), await host.kleeJson(...ours), theirs.join(' '));
	const id = await host.kleeOutput('create', '--name', 'gone', 'Debian');
	assert.equal(await host.kleeOutput('container', 'remove', 'gone'), id);
	const { stdout } = await host.klee('__complete', '--', 'container', '');
	for (const name of ['ls', 'ps', 'list', 'rm', 'remove', 'logs', 'port'])
		assert.match(stdout, new RegExp(`^${name}\t`, 'm'));
});

test('lists can be selected from, and give identifiers alone', async () => {
	const run = (name: string, ...words: readonly string[]) =>
		host.kleeOutput('run', '-d', '--name', name, ...words, 'Debian', 'sleep', '600');
	await run('db', '-n', 'lan', '--label', 'tier=data', '--health-cmd', 'true', '--health-interval', '100ms');
	await run('job', '--label', 'tier=work');
	const names = async (...filters: readonly string[]) => {
		const listed = await host.kleeJson<{ name: string }[]>('ps', ...filters.flatMap((filter) => ['--filter', filter]));
		return listed.map(({ name }) => name).sort();
	};
	await eventually('healthy', async () => (await names('health=healthy')).join() === 'db');
	assert.deepEqual(await names(), ['db', 'job']);
	assert.deepEqual(await names('label=tier', 'name=j'), ['job']);
	assert.deepEqual(await names('network=lan'), ['db']);
	assert.deepEqual(await names('network=lan', 'status=created'), ['web']);
	assert.match((await host.klee('ps', '-f', 'network=none')).stderr, /network/);
	const quiet = (await host.kleeOutput('ps', '-q')).split('\n');
	await host.kleeOutput('rm', '-f', ...quiet);
	assert.equal((await host.klee('ps', '-q')).stdout, '');
	for (const [words, key] of [
		[['images'], 'id'],
		[['network', 'ls'], 'id'],
		[['ps', '-a'], 'id'],
	] as const) {
		const objects = await host.kleeJson<Record<string, string>[]>(...words);
		assert.equal(await host.kleeOutput(...words, '-q'), objects.map((one) => one[key]).join('\n'));
	}
	await host.kleeOutput('volume', 'create', 'files');
	assert.equal(await host.kleeOutput('volume', 'ls', '-q'), 'files');
	await host.kleeOutput('volume', 'rm', 'files');
});

test('klee inspect finds objects of any kind, and refuses a name that several have', async () => {
	const { container } = await host.kleeJson<{ container: { id: string } }>('inspect', 'web');
	assert.deepEqual(await host.kleeJson('inspect', 'web'), await host.kleeJson('isc', container.id));
	assert.deepEqual(await host.kleeJson('inspect', 'lan'), await host.kleeJson('isn', 'lan'));
	assert.deepEqual(await host.kleeJson('inspect', 'Debian'), await host.kleeJson('isi', 'Debian'));
	await host.kleeOutput('volume', 'create', 'web');
	const both = await host.klee('inspect', 'web');
	await host.kleeOutput('volume', 'rm', 'web');
	assert.equal(both.code, 1);
	assert.match(both.stderr, /"klee container inspect web" or "klee volume inspect web"/);
	const none = await host.klee('inspect', 'no such: thing');
	assert.equal(none.code, 1);
	assert.match(none.stderr, /no container, image, network or volume/);
	const { stdout } = await host.klee('__complete', '--', 'inspect', '');
	for (const name of ['web', 'lan', 'Debian']) assert.match(stdout, new RegExp(`^${name}\t`, 'm'));
});

test('klee port lists where ports are published', async () => {
	assert.equal(await host.kleeOutput('port', 'web'), '80/tcp -> *:8080');
	assert.equal(await host.kleeOutput('port', 'web', '80/tcp'), '*:8080');
	const { code, stderr } = await host.klee('port', 'web', '81');
	assert.equal(code, 1);
	assert.match(stderr, /does not publish it/);
});

test('klee events: those to come, those that were, and only those that are asked for', async () => {
	const types = ['--type', 'container-started', '--type', 'container-stopped'];
	const follower = host.converse(['events', '--container', 'web', ...types]);
	const create = async (name: string) => host.kleeOutput('volume', 'create', name);
	// It is there when it hears of something.
	await eventually('it follows', async () => {
		await host.kleeOutput('rename', 'web', 'web2');
		await host.kleeOutput('rename', 'web2', 'web');
		await host.kleeOutput('start', '-d', 'web');
		await host.kleeOutput('stop', '-t', '0', 'web');
		return parse(follower.output).length >= 2;
	});
	follower.child.kill();
	await follower.ended;
	const told = new Set(parse(follower.output).map(({ type }) => type));
	assert.deepEqual([...told].sort(), ['container-started', 'container-stopped']);
	for (const name of ['one', 'two']) await create(name);
	const past = parse(await host.kleeOutput('events', '--since', '1h', '--until', '0s', '--type', 'volume-created'));
	assert.deepEqual(past[0], { type: 'events-missed' });
	assert.ok(past.length >= 3);
	const at = past.at(-1)?.at ?? '';
	assert.deepEqual(parse(await host.kleeOutput('events', '--since', at, '--until', '0s', '--type', 'volume')), [
		past.at(-1),
	]);
	const { code, stderr } = await host.klee('events', '--type', 'nonsense');
	assert.equal(code, 1);
	assert.match(stderr, /choose from network-created/);
});
