/** Networks of every type and who reaches whom, by packets, on whichever host is under test. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(() => host.removeEverything());
after(() => host.close());

async function network(name: string, third: number, ...more: readonly string[]): Promise<void> {
	const blocks = ['--subnet', `10.4.${third}.0/24`, '--subnet6', `fd00:4:${third}::/64`];
	await host.kleeOutput('network', 'create', '-t', 'bridge', ...blocks, ...more, name);
}

async function member(name: string, on: string, driver: 'vnet' | 'ipnet', ...more: readonly string[]): Promise<void> {
	const raw = driver === 'ipnet' ? ['-J', 'allow.raw_sockets'] : [];
	const place = ['-l', driver, '-n', on, '--name', name, ...raw, ...more];
	await host.kleeOutput('run', '-d', ...place, host.image, 'sleep', '600');
}

async function reaches(from: string, address: string): Promise<boolean> {
	return (await host.klee('exec', from, ...host.ping(address))).code === 0;
}

for (const driver of ['vnet', 'ipnet'] as const) {
	test(`${driver}: members reach each other in both families, other networks don't`, async () => {
		await network('one', 6);
		await network('two', 7);
		await member('left', 'one', driver);
		await member('right', 'one', driver);
		await member('other', 'two', driver);
		for (const address of ['10.4.6.3', 'fd00:4:6::3']) assert.ok(await reaches('left', address), address);
		for (const address of ['10.4.7.2', 'fd00:4:7::2']) assert.ok(!(await reaches('left', address)), address);
		assert.ok(!(await reaches('other', '10.4.6.2')));
	});

	test(`${driver}: without icc members reach the gateway and not each other`, async () => {
		await network('apart', 6, '--icc', 'false');
		await member('left', 'apart', driver);
		await member('right', 'apart', driver);
		for (const address of ['10.4.6.3', 'fd00:4:6::3']) assert.ok(!(await reaches('left', address)), address);
		assert.ok(await reaches('left', '10.4.6.1'));
	});

	test(`${driver}: an internal network reaches its members alone`, async () => {
		await network('inner', 6, '--internal');
		await network('outer', 7);
		await member('left', 'inner', driver);
		await member('right', 'inner', driver);
		await member('other', 'outer', driver);
		assert.ok(await reaches('left', '10.4.6.3'));
		assert.ok(!(await reaches('left', '10.4.7.2')));
		assert.ok(!(await reaches('other', '10.4.6.2')));
	});

	test(`a new ${driver} container joins several networks, or none`, async () => {
		await network('one', 6);
		await network('two', 7);
		await member('peer', 'two', 'vnet');
		const to = ['-n', 'two,ip=10.4.7.5,ip6=fd00:4:7::5,alias=second', '--ip', '10.4.6.9'];
		await member('both', 'one', driver, ...to);
		assert.ok(await reaches('both', '10.4.7.2'));
		for (const address of ['10.4.6.9', '10.4.7.5', 'fd00:4:7::5']) assert.ok(await host.answers(address), address);
		const { container_endpoints: ends } = JSON.parse(await host.kleeOutput('container', 'inspect', 'both'));
		assert.deepEqual(
			ends.map((end: { ip_address: string; aliases: string[] }) => [end.ip_address, end.aliases]).sort(),
			[
				['10.4.6.9', []],
				['10.4.7.5', ['second']],
			],
		);
		const refused = await host.klee('run', '--name', 'none', '-l', driver, '-n', 'one', '-n', 'three', host.image);
		assert.equal(refused.code, 125);
		assert.notEqual((await host.klee('container', 'inspect', 'none')).code, 0);
	});

	test(`a running ${driver} container joins and leaves a network in both families`, async () => {
		await network('one', 6);
		await network('two', 7);
		await member('peer', 'two', 'vnet', '--ip', '10.4.7.9', '--ip6', 'fd00:4:7::9');
		await member('moving', 'one', driver);
		await host.kleeOutput('network', 'connect', '--ip', '10.4.7.5', '--ip6', 'fd00:4:7::5', 'two', 'moving');
		for (const address of ['10.4.7.9', 'fd00:4:7::9']) assert.ok(await reaches('moving', address), address);
		for (const address of ['10.4.7.5', 'fd00:4:7::5', '10.4.6.2']) assert.ok(await host.answers(address), address);
		await host.kleeOutput('network', 'disconnect', 'two', 'moving');
		assert.ok(!(await host.answers('10.4.7.5')));
		assert.ok(await host.answers('10.4.6.2'), 'the other connection stays');
	});
}

test('a loopback network takes ipnet containers, and refuses vnet ones', async () => {
	await host.kleeOutput('network', 'create', '--subnet', '10.2.3.0/24', 'loop');
	await member('one', 'loop', 'ipnet');
	assert.ok(await host.answers('10.2.3.1'));
	const refused = await host.klee('run', '-l', 'vnet', '-n', 'loop', host.image, 'true');
	assert.deepEqual([refused.code, refused.stdout], [125, '']);
	assert.match(refused.stderr, /can't connect to loopback networks/);
});

test('published ports lead to the container from other networks, and stop doing so with it', async () => {
	await network('one', 6);
	await network('two', 7);
	await member('web', 'one', 'vnet', '-p', '18080:80');
	await member('client', 'two', 'vnet');
	const serve = 'while :; do echo "I am web" | nc -l 80 || nc -l -p 80; done';
	await host.kleeOutput('exec', '-d', 'web', '/bin/sh', '-c', serve);
	const ask = 'for i in 1 2 3 4 5 6; do nc -w 2 10.4.7.1 18080 </dev/null && exit; sleep 0.5; done; exit 1';
	const { stdout } = await host.klee('exec', 'client', '/bin/sh', '-c', ask);
	assert.match(stdout, /I am web/);
	await host.kleeOutput('stop', 'web');
	const gone = await host.klee('exec', 'client', '/bin/sh', '-c', 'nc -w 2 10.4.7.1 18080 </dev/null');
	assert.doesNotMatch(gone.stdout, /I am web/);
});

test('a port of SCTP is published where the host has it, and refused with the reason where it has not', async (t) => {
	await network('one', 6);
	const words = ['-l', 'vnet', '-n', 'one', '-p', '18080:80/sctp', '--name', 'web', host.image, 'sleep', '600'];
	const { code, stderr } = await host.klee('run', '-d', ...words);
	if (code === 0) {
		assert.match(await host.kleeOutput('port', 'web'), /80\/sctp/);
		return;
	}
	assert.equal(code, 125);
	assert.match(stderr, /cannot publish port 18080\/sctp.*: (the kernel (has no|tracks no)|pf redirects)/s);
	assert.match(stderr, /hint: /);
	assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
	t.diagnostic('packets of SCTP between sockets: skipped, this host has none');
});

test('refusals name the reason and leave the host as it was', async () => {
	await network('one', 6);
	const before = await host.interfaces();
	const cases: readonly (readonly [readonly string[], RegExp])[] = [
		[['network', 'create', '-t', 'bridge', '--subnet', '10.4.0.0/16', 'wide'], /overlaps network one/],
		[['network', 'create', '-t', 'bridge', '--subnet', '10.5.0.0/24', 'one'], /network name is already taken/],
		[['network', 'create', '-t', 'custom', '--subnet', '10.5.0.0/24', '-i', 'nosuch0', 'c'], /no interface nosuch0/],
		[['run', '-l', 'vnet', '-n', 'one', '--ip', '10.4.6.1', host.image, 'true'], /it is the gateway/],
		[['run', '-l', 'vnet', '-n', 'one', '--ip', '10.9.9.9', host.image, 'true'], /outside the subnet/],
		[['run', '-J', 'allow.nonsense', host.image, 'true'], /allow\.nonsense/],
	];
	for (const [words, reason] of cases) {
		const { stdout, stderr, code } = await host.klee(...words);
		assert.notEqual(code, 0, words.join(' '));
		assert.match(stdout + stderr, reason);
	}
	assert.deepEqual(await host.interfaces(), before);
});
