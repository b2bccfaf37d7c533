/** The walkthrough that the project began with, typed as a user types it, on whichever host is under test. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

const ID = '[0-9a-f]{12}';
let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
after(() => host.close());

const epairs = async () => (await host.interfaces()).filter(({ name }) => name.startsWith('epair'));

test('network create prints an id; the host gains bridge kleene0 with the first address', async () => {
	const before = (await host.interfaces()).map(({ name }) => name);
	const id = await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testvnet');
	assert.match(id, new RegExp(`^${ID}$`));
	const [bridge, ...more] = (await host.interfaces()).filter(({ name }) => !before.includes(name));
	assert.deepEqual(more, []);
	assert.deepEqual(
		{ ...bridge, addresses: bridge?.addresses.filter((one) => !one.startsWith('fe80')) },
		{ name: 'kleene0', up: true, bridge: '', addresses: ['10.4.6.1/24'] },
	);
});

test('run on a vnet prints what the documentation promises, and leaves no epair', async () => {
	const { stdout, stderr, code } = await host.klee('run', '-l', 'vnet', '-n', 'testvnet', host.image, 'ifconfig');
	assert.equal(code, 0, stdout + stderr);
	const [id, created, gateway, ...closing] = stderr.split('\n');
	assert.match(id ?? '', new RegExp(`^${ID}$`));
	const execution = new RegExp(`^created execution instance (${ID})$`).exec(created ?? '')?.[1];
	assert.ok(execution, stderr);
	assert.equal(gateway, 'add net default: gateway 10.4.6.1');
	assert.deepEqual(closing, ['', `executable ${execution} and its container exited with exit-code 0`, '']);
	const names = [...stdout.matchAll(/^(\S+): flags/gm)].map((match) => match[1] ?? '');
	assert.deepEqual(
		names.filter((name) => !/^(lo0?|pflog0|pfsync0)$/.test(name)),
		['epair0b'],
	);
	assert.match(stdout, /^epair0b:.*\n(?:\s+.*\n)*?\s+inet 10\.4\.6\.2 +netmask (255\.255\.255\.0|0xffffff00)/m);
	assert.deepEqual(await epairs(), []);
});

test('on a terminal all of it is in the order in which it was said', async () => {
	const talk = host.converse(['run', '-l', 'vnet', '-n', 'testvnet', host.image, 'echo', 'hello'], {
		rows: 30,
		columns: 99,
	});
	const { stdout } = await talk.ended;
	const begin = `${ID}\ncreated execution instance (${ID})\nadd net default: gateway 10\\.4\\.6\\.1\n`;
	const whole = `^${begin}hello\n\nexecutable \\1 and its container exited with exit-code 0\n$`;
	assert.match(stdout.replaceAll('\r', ''), new RegExp(whole));
});

test('an ipnet and a vnet container meet on one bridge', async () => {
	await host.removeContainers();
	const web = ['-n', 'testvnet', '--ip', '10.4.6.2', '-l', 'ipnet', '-J', 'allow.raw_sockets', '--name', 'webservice'];
	await host.kleeOutput('run', '-d', ...web, host.image, '/bin/sh', '-c', 'sleep 600');
	const vpn = ['-n', 'testvnet', '--ip', '10.4.6.3', '-l', 'vnet', '--name', 'vpnservice'];
	await host.kleeOutput('run', '-d', ...vpn, host.image, '/bin/sh', '-c', 'sleep 600');
	for (const [from, to] of [
		['webservice', '10.4.6.3'],
		['vpnservice', '10.4.6.2'],
		['vpnservice', '10.4.6.1'],
	] as const) {
		const { stdout, stderr, code } = await host.klee('exec', from, 'ping', '-c', '2', to);
		assert.equal(code, 0, stdout + stderr);
		assert.match(stdout, new RegExp(`^PING ${to.replaceAll('.', '\\.')} `));
		assert.match(stdout, /2 packets transmitted, 2 (packets )?received, 0(\.0)?% packet loss/);
		const spoken = `^created execution instance ${ID}\\n\\n${ID} has exited with exit-code 0\\n$`;
		assert.match(stderr, new RegExp(spoken));
	}
	for (const address of ['10.4.6.2', '10.4.6.3']) assert.ok(await host.answers(address), address);
});

test('the ipnet container may not change its interfaces, the vnet container may', async () => {
	const refused = await host.klee('exec', 'webservice', 'ifconfig', 'kleene0', 'down');
	assert.notEqual(refused.code, 0);
	const [cable] = await epairs();
	assert.equal(cable?.bridge === 'kleene0' || (await epairs()).some(({ bridge }) => bridge === 'kleene0'), true);
	const { stdout, stderr, code } = await host.klee(
		'exec',
		'vpnservice',
		'/bin/sh',
		'-c',
		'ifconfig $(ifconfig | sed -n "s/^\\(epair[0-9]*b\\):.*/\\1/p") mtu 1400',
	);
	assert.equal(code, 0, stdout + stderr);
});

test('asking for the image of another system is refused with how to fix it', async () => {
	const other = host.image === 'Debian' ? 'FreeBSD' : 'Debian';
	const { stdout, stderr, code } = await host.klee('run', '-l', 'vnet', '-n', 'testvnet', other, 'ifconfig');
	assert.deepEqual([code, stdout], [125, '']);
	assert.match(stderr, new RegExp(`no such image '${other}'`));
	assert.match(stdout + stderr, /hint: .*image create/);
});

test('after everything is removed nothing of it is on the host', async () => {
	await host.kleeOutput('stop', 'webservice', 'vpnservice');
	assert.deepEqual(await epairs(), []);
	await host.removeEverything();
	assert.deepEqual(
		(await host.interfaces()).filter(({ name }) => name.startsWith('kleene')),
		[],
	);
	assert.deepEqual(await host.lastingLeftovers(), []);
});
