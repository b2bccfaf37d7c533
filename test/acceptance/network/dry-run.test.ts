/** `--dry-run` of run, start and stop: what would be done, as a user types it, and that nothing of it is. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { snapshotOfNetwork } from '#test/testbed/snapshot.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	await host.kleeOutput('network', 'create', '--subnet', '10.5.0.0/24', 'lonet');
});
afterEach(() => host.removeContainers());
after(() => host.close());

/** The host, and all that the daemon shows: containers, members and their addresses and cables, volumes, files. */
async function everything() {
	const places = ['containers', 'volumes'].map((name) => join(host.root, name));
	return {
		network: await snapshotOfNetwork(host.namespace),
		left: host.leftovers(),
		files: places.map((path) => (existsSync(path) ? readdirSync(path) : [])),
		containers: await host.kleeJson('lsc', '-a'),
		networks: await Promise.all(['testnet', 'lonet'].map((name) => host.kleeOutput('network', 'inspect', name))),
		volumes: await host.kleeJson('lsv'),
	};
}

/** @returns what it printed, when nothing else came of it */
async function planOf(...words: readonly string[]): Promise<string> {
	const before = await everything();
	const plan = await host.kleeOutput(...words);
	assert.deepEqual(await everything(), before);
	return plan;
}

const vnet = ['-l', 'vnet', '-n', 'testnet'];

test('klee run --dry-run prints every step of creating, connecting and starting, and does none', async () => {
	const more = ['-m', 'data:/srv', '-p', '8080:80', '--bandwidth', '10mbit'];
	const plan = await planOf('run', '--dry-run', ...vnet, ...more, 'Debian', 'sleep', '600');
	const steps = [
		/^mkdir -p \S+\/containers\/([0-9a-f]{12})\/upper /,
		/^mkdir -p \S+\/volumes\/data$/,
		/^mount -t overlay -o lowerdir=\S+ overlay \S+\/containers\/ID\/root$/,
		/^ip netns add ID$/,
		/^ip link add epair0a .*type veth peer name epair0b address 02:\S+ netns ID$/,
		/^ip link set epair0a master kleene0$/,
		/^ip -n ID addr add 10\.4\.6\.2\/24 dev epair0b$/,
		/^ip -n ID route add default via 10\.4\.6\.1 dev epair0b$/,
		/^tc qdisc replace dev epair0a root tbf rate 10000000bit /,
		/^nft add element inet kleene published_ports4 \{ tcp \. 8080 : 10\.4\.6\.2 \. 80 \}$/,
		/^\S*runc .*create --bundle \S+ ID$/,
	];
	const id = steps[0]?.exec(plan)?.[1] ?? '';
	const lines = plan.replace(id, 'first').replaceAll(id, 'ID').replace('first', id).split('\n');
	const places = steps.map((step) => lines.findIndex((line) => step.test(line)));
	assert.ok(!places.includes(-1), `${steps[places.indexOf(-1)]} is not in\n${plan}`);
	assert.deepEqual(
		places,
		places.toSorted((one, other) => one - other),
	);
	const ipnet = await planOf('run', '--dry-run', '-d', '-n', 'lonet', 'Debian');
	assert.match(ipnet, /^ip -n \S+ addr add 10\.5\.0\.1\/32 dev kleene1$/m);
	assert.doesNotMatch(await planOf('container', 'run', '--dry-run', '-it', 'Debian'), /netns|epair/);
});

test('what a dry run named is what the next one gets', async () => {
	const words = [...vnet, '--name', 'web', '-p', '8080:80', 'Debian', 'sleep', '600'];
	const plan = await planOf('run', '--dry-run', ...words);
	assert.equal((await planOf('run', '--dry-run', ...words)).split('\n').length, plan.split('\n').length);
	await host.kleeOutput('run', '-d', ...words);
	assert.match(await host.insideOutput('ip', '-o', 'link', 'show', 'epair0a'), /master kleene0/);
	assert.match(await host.kleeOutput('isn', 'testnet'), /"ip_address": "10\.4\.6\.2"/);
	assert.match(
		await host.insideOutput('nft', 'list', 'map', 'inet', 'kleene', 'published_ports4'),
		/8080 : 10\.4\.6\.2/,
	);

	const stop = await planOf('stop', '--dry-run', 'web');
	assert.match(stop, /^\S*runc .*kill \S+ TERM\n(.*\n)*ip link delete epair0a\n(.*\n)*umount \S+\/root$/);
	assert.equal(await planOf('start', '--dry-run', 'web'), '', 'it runs');
	await host.kleeOutput('stop', '-t', '0', 'web');
	const start = await planOf('start', '--dry-run', 'web');
	assert.match(start, /^mount -t overlay (.*\n)*ip link add epair0a (.*\n)*\S*runc .*create /);
	assert.doesNotMatch(start, /^mkdir/m);
	await host.kleeOutput('start', '-d', 'web');
});

test('a dry run is refused as the real thing is, word for word', async () => {
	await host.kleeOutput('run', '-d', ...vnet, '--name', 'holder', '-p', '8080:80', 'Debian', 'sleep', '600');
	await host.kleeOutput('create', ...vnet, '--name', 'rival', '-p', '8080:80', 'Debian');
	const cases: readonly (readonly [readonly string[], RegExp])[] = [
		[['run', '--name', 'third', 'nosuch'], /no such image 'nosuch'/],
		[['run', '--name', 'third', 'FreeBSD'], /kernel cannot run FreeBSD programs/],
		[['run', '--name', 'holder', 'Debian'], /could not create container: .*holder/],
		[['run', '--name', 'third', '-n', 'nosuch', 'Debian'], /could not connect container: network not found/],
		[['run', '--name', 'third', ...vnet, '--ip', '10.4.6.2', 'Debian'], /belongs to container holder/],
		[['run', '--name', 'third', ...vnet, '--ip', '10.4.6.1', 'Debian'], /it is the gateway/],
		[['run', '--name', 'third', '-l', 'vnet', '-n', 'lonet', 'Debian'], /can't connect to loopback networks/],
		[['run', '--name', 'third', '-l', 'host', '-n', 'testnet', 'Debian'], /cannot connect to networks/],
		[['run', '--name', 'third', ...vnet, '-p', '8080:81', 'Debian'], /container holder already holds it/],
		[['run', '--name', 'third', '-J', 'exec.prestart=true', 'Debian'], /--allow-host-hooks/],
		[['start', 'rival'], /container holder already holds it/],
		[['start', 'nosuch'], /container not found/],
		[['stop', 'rival'], /container not running/],
	];
	const before = await everything();
	for (const [[command = '', ...words], says] of cases) {
		const dry = await host.klee(command, '--dry-run', ...words);
		assert.deepEqual(await everything(), before, words.join(' '));
		assert.match(dry.stderr, says);
		const real = await host.klee(command, ...words);
		assert.deepEqual([dry.code, dry.stderr, dry.stdout], [real.code, real.stderr, '']);
		assert.equal(dry.code, command === 'run' ? 125 : 1);
		assert.deepEqual(await everything(), before, `${words.join(' ')} for real`);
	}
});
