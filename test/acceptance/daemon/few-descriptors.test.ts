/** A daemon that may have few file descriptors: it refuses what it has none for, and goes on with everything else. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { ask } from '#test/testbed/wire.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'few');
});
after(() => host.close());

const descriptors = () => readdirSync(`/proc/${host.daemonPid}/fd`).length;
const lower = (limit: number) => outputOf(['prlimit', '--pid', `${host.daemonPid}`, `--nofile=${limit}:${limit}`]);
const run = (name: string) =>
	host.klee('run', '-d', '-l', 'vnet', '-n', 'few', '--name', name, 'Debian', 'sleep', '600');
const names = async () => (await host.kleeJson<{ name: string }[]>('lsc')).map(({ name }) => name).toSorted();

test('a running container takes less than two descriptors', async () => {
	assert.equal((await run('c1')).code, 0);
	const one = descriptors();
	for (const name of ['c2', 'c3', 'c4']) assert.equal((await run(name)).code, 0);
	await eventually('descriptors of starts to be closed', () => descriptors() - one < 2 * 3);
});

test('above its limit a start is refused by name, what runs can be stopped, and then there is room again', async () => {
	// All but twelve are the reserve; a request takes some while it lasts.
	await lower(descriptors() + 48 + 12);
	const results = [];
	for (let count = 5; count < 20; count += 1) results.push(await run(`c${count}`));
	const refused = results.filter(({ code }) => code !== 0);
	assert.ok(refused.length > 0 && refused.length < results.length, `${refused.length} of ${results.length}`);
	for (const { stderr } of refused) {
		assert.match(stderr, /the daemon has \d+ of \d+ file descriptors open/);
		assert.match(stderr, /hint: stop containers .*LimitNOFILE/);
	}
	const running = await names();
	await host.kleeOutput('rmc', '-f', ...running.filter((name) => name !== 'c1'));
	assert.equal((await run('again')).code, 0);
	assert.equal((await host.klee('exec', 'c1', 'true')).code, 0);
	assert.deepEqual(await names(), ['again', 'c1']);
	await lower(descriptors() + 40);
	const exec = await host.klee('exec', 'c1', 'true');
	assert.match(exec.stderr, /cannot run a process in container \w+: the daemon has/);
});

test('without any descriptor it refuses connections, and lives; the next daemon adopts all', async () => {
	const pid = host.daemonPid;
	await lower(descriptors() + 1);
	const asked = () => Promise.allSettled(Array.from({ length: 20 }, () => ask(host.socket, 'GET /containers/list')));
	const answers = [...(await asked()), ...(await asked())];
	assert.ok(answers.some((answer) => answer.status === 'rejected' || answer.value.status === 500));
	assert.equal(host.daemonPid, pid);
	await eventually('an answer', async () => {
		const [answer] = await Promise.allSettled([ask(host.socket, 'GET /containers/list')]);
		return answer?.status === 'fulfilled';
	});
	assert.equal(await host.stopDaemon(), 0);
	await host.startDaemon();
	assert.deepEqual(await names(), ['again', 'c1']);
	assert.equal((await host.klee('exec', 'c1', 'true')).code, 0);
});

test('with one left it says so, also to a command that needs a stream', async () => {
	const said = async (...words: readonly string[]) => {
		const open = new Set(readdirSync(`/proc/${host.daemonPid}/fd`).map(Number));
		let free = 0;
		while (open.has(free)) free += 1;
		// The connection takes the last one.
		await lower(free + 1);
		return (await host.klee(...words)).stderr;
	};
	const refusal = /no file descriptors left.*\n hint: stop containers .*LimitNOFILE/;
	// That of the command before may be closed just now.
	for (const words of [['lsc'], ['exec', 'c1', 'true']])
		await eventually('it is refused', async () => refusal.test(await said(...words)));
	assert.equal(await host.stopDaemon(), 0);
	await host.startDaemon();
});
