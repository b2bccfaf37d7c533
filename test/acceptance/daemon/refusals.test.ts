/** Bad input: one message that says what, why and how to fix it, a failing exit status, and an unchanged host. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { type Outcome, run } from '#test/testbed/command.ts';
import { createNamespace, removeNamespace } from '#test/testbed/network-namespace.ts';
import { difference, type Snapshot, snapshotOfNetwork } from '#test/testbed/snapshot.ts';
import { KLEE, KLEENED, type TestHost } from '#test/testbed/test-host.ts';
import { ask } from '#test/testbed/wire.ts';

let host: TestHost;
let settled: Snapshot;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	await host.kleeOutput('network', 'create', '--subnet', '10.5.0.0/24', 'lonet');
	await host.kleeOutput('create', '-l', 'vnet', '-n', 'testnet', '--ip', '10.4.6.9', '--name', 'holder', 'Debian');
	settled = await snapshotOfNetwork(host.namespace);
});
after(() => host.close());

interface Refusal {
	readonly says: readonly (string | RegExp)[];
	readonly args: readonly string[];
}

/** All there is to say goes to one place, and nothing of our own code shows. */
async function assertRefused({ args, says }: Refusal): Promise<Outcome> {
	const before = await counts();
	const outcome = await host.klee(...args);
	const text = outcome.stdout + outcome.stderr;
	assert.notEqual(outcome.code, 0, text);
	assert.match(outcome.stderr, /^error: .+\n( {2}why: .+\n)?(.*\n)* hint: .+/m);
	for (const part of says) assert.match(text, typeof part === 'string' ? new RegExp(escaped(part)) : part);
	assert.doesNotMatch(text, /\bat .*:\d+:\d+|node:internal|undefined|\[object/);
	assert.deepEqual(difference(settled, await snapshotOfNetwork(host.namespace)), []);
	assert.deepEqual(await counts(), before);
	return outcome;
}

function escaped(text: string): string {
	return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '\\s+');
}

async function counts(): Promise<number[]> {
	const lists = await Promise.all([['lsc', '-a'], ['lsn'], ['lsi']].map((words) => host.kleeJson<unknown[]>(...words)));
	return lists.map((list) => list.length);
}

const bridge = ['network', 'create', '-t', 'bridge'];
const vnet = ['run', '-l', 'vnet', '-n', 'testnet'];

describe('what does not exist', () => {
	const cases: Refusal[] = [
		{ args: ['run', 'nosuch', 'true'], says: ["no such image 'nosuch'", 'klee image create'] },
		{ args: ['run', 'FreeBSD', 'true'], says: ["no such image 'FreeBSD'", 'kernel'] },
		{ args: ['exec', 'nosuch', 'true'], says: ['container not found', 'klee container ls -a'] },
		{ args: ['start', 'nosuch'], says: ['container not found'] },
		{ args: ['stop', 'nosuch'], says: ['container not found'] },
		{ args: ['rmc', 'nosuch'], says: ['no such container'] },
		{ args: ['isc', 'nosuch'], says: ['container not found'] },
		{ args: ['container', 'rename', 'nosuch', 'other'], says: ["no such container 'nosuch'"] },
		{ args: ['rmn', 'nosuch'], says: ['network not found.', 'klee network ls'] },
		{ args: ['isn', 'nosuch'], says: ['network not found'] },
		{ args: ['network', 'connect', 'nosuch', 'holder'], says: ['network not found'] },
		{ args: ['network', 'connect', 'testnet', 'nosuch'], says: ['container not found'] },
		{ args: ['network', 'disconnect', 'lonet', 'holder'], says: ['endpoint configuration not found'] },
		{ args: ['rmi', 'nosuch'], says: ['No such image: nosuch'] },
		{ args: ['isi', 'nosuch'], says: ['image not found'] },
		{ args: ['isv', 'nosuch'], says: ['No such volume', 'klee volume ls'] },
		{ args: ['rmv', 'nosuch'], says: ['No such volume'] },
		{ args: ['volume', 'create', '../etc'], says: ['../etc', 'a letter or digit'] },
	];
	for (const refusal of cases) test(`klee ${refusal.args.join(' ')}`, () => assertRefused(refusal).then(() => {}));
});

describe('subnets and gateways', () => {
	const cases: Refusal[] = [
		{ args: [...bridge, '--subnet', '10.4.7', 'bad'], says: ['could not parse cidr block: "10.4.7"', '10.4.6.0/24'] },
		{ args: [...bridge, '--subnet', '10.4.7.5/24', 'bad'], says: ['host bits must be zero', '10.4.7.0/24'] },
		{ args: [...bridge, '--subnet', '10.4.7.0/33', 'bad'], says: ['invalid subnet'] },
		{ args: [...bridge, '--subnet', 'fd00::/64', 'bad'], says: ['invalid subnet: wrong IP protocol', 'subnet6'] },
		{ args: [...bridge, '--subnet6', '10.4.7.0/24', 'bad'], says: ['invalid subnet6: wrong IP protocol'] },
		{ args: [...bridge, '--subnet', '10.4.7.0/24', '--gw', '10.4.8.1', 'bad'], says: ['invalid gateway', '10.4.7.1'] },
		{ args: [...bridge, '--subnet', '10.4.6.128/25', 'bad'], says: ['overlaps network testnet (10.4.6.0/24)'] },
		{ args: [...bridge, '--subnet', '10.0.0.0/8', 'bad'], says: [/overlaps network (testnet|lonet)/] },
		{ args: [...bridge, '--subnet', '127.0.0.0/16', 'bad'], says: ['127.0.0.0/8', 'reserved for loopback'] },
		{ args: [...bridge, '--subnet', '10.4.7.0/32', 'bad'], says: ['no room for containers'] },
		{ args: [...bridge, '--subnet', '10.4.7.0/24', 'testnet'], says: ['network name is already taken'] },
		{ args: [...bridge, '--subnet', '10.4.7.0/24', '-i', 'lo', 'bad'], says: ['already has an interface lo'] },
		{ args: [...bridge, '--subnet', '10.4.7.0/24', '-i', 'a/b', 'bad'], says: ['a/b'] },
		{ args: ['network', 'create', '-t', 'custom', '-i', 'nosuch0', 'bad'], says: ['no interface nosuch0'] },
		{ args: ['network', 'create', '-t', 'custom', '-i', 'lo', 'bad'], says: ['a lo of its own', '-t loopback'] },
		{ args: ['network', 'create', '-t', 'ring', 'bad'], says: ['ring', /bridge/] },
		{ args: [...bridge, '--subnet', '10.4.7.0/24', 'bad name'], says: ['bad name', 'a letter or digit'] },
	];
	for (const refusal of cases)
		test(`klee ${refusal.args.join(' ')}`, async () => {
			const { stdout, stderr } = await assertRefused(refusal);
			assert.doesNotMatch(stdout + stderr, /^[0-9a-f]{12}$/m);
		});
});

describe('fixed addresses', () => {
	const cases: readonly (readonly [string, readonly string[]])[] = [
		['10.4.7.5', ['outside the subnet 10.4.6.0/24']],
		['10.4.6.0', ['network address']],
		['10.4.6.255', ['broadcast address']],
		['10.4.6.1', ['gateway']],
		['10.4.6.9', ['belongs to container holder']],
		['10.4.6', ['could not parse inet address 10.4.6']],
		['10.4.6.010', ['could not parse inet address']],
		['fd00::2', ['could not parse inet address fd00::2']],
	];
	for (const [address, says] of cases)
		test(`${address} is refused, and nothing is left`, async () => {
			await assertNotRun({
				args: [...vnet, '--name', 'third', '--ip', address, 'Debian', 'true'],
				says: [CONNECTING, ...says],
			});
			await assertNotRun(
				{ args: ['create', ...vnet.slice(1), '--ip', address, 'Debian'], says: [CONNECTING, ...says] },
				1,
			);
		});
	test('an IPv6 address where the network has none', async () => {
		const args = [...vnet, '--name', 'third', '--ip6', 'fd00::2', 'Debian', 'true'];
		await assertNotRun({ args, says: ['no IPv6 subnet defined'] });
	});
	test('a network that does not exist', async () => {
		await assertNotRun({
			args: ['run', '-n', 'nosuch', '-m', 'fresh:/srv', 'Debian', 'true'],
			says: ['network not found'],
		});
		assert.deepEqual(await host.kleeJson<unknown[]>('lsv'), []);
	});
});

const CONNECTING = 'could not connect container';

/** Also without an id on stdout. */
async function assertNotRun(refusal: Refusal, expected = 125): Promise<void> {
	const { code, stdout } = await assertRefused(refusal);
	assert.deepEqual([code, stdout], [expected, '']);
}

test('drivers that may not join a network', async () => {
	for (const [driver, network, says] of [
		['vnet', 'lonet', "containers using the 'vnet' network-driver can't connect to loopback networks"],
		['host', 'testnet', "containers with the 'host' network-driver cannot connect to networks."],
		['disabled', 'testnet', "containers with the 'disabled' network-driver cannot connect to networks."],
	] as const) {
		const { stdout, stderr, code } = await host.klee(...['create', '-l', driver, '--name', 'third'], 'Debian');
		assert.equal(code, 0, stdout + stderr);
		try {
			await assertRefused({ args: ['network', 'connect', network, 'third'], says: [says, /-[lt] \w+|"/] });
		} finally {
			await host.kleeOutput('rmc', 'third');
		}
	}
});

describe('containers', () => {
	const cases: Refusal[] = [
		{ args: ['create', '--name', 'holder', 'Debian'], says: ['holder', /taken|has it/] },
		{ args: ['create', '--name', '-x', 'Debian'], says: ['-x'] },
		{ args: ['create', '--name', 'a b', 'Debian'], says: ['a b'] },
		{ args: ['create', '-l', 'ring', 'Debian'], says: ['ring'] },
		{ args: ['create', '-m', 'nonsense', 'Debian'], says: ['nonsense'] },
		{
			args: ['create', '-l', 'vnet', '-n', 'testnet', '-p', 'nosuch0:8080:80', '--name', 'third', 'Debian'],
			says: ['no interface nosuch0', /choose an interface or an address of: lo 127\.0\.0\.1/],
		},
		{
			args: ['create', '-l', 'vnet', '-p', '192.0.2.77:8080:80', '--name', 'third', 'Debian'],
			says: ['no interface of the host has the address 192.0.2.77'],
		},
		{ args: ['create', '-e', '=value', 'Debian'], says: ['=value', 'NAME=VALUE'] },
		{ args: ['stop', 'holder'], says: ['container not running', 'already stopped'] },
		{ args: ['network', 'connect', 'testnet', 'holder'], says: ['already connected'] },
		{ args: ['create', '--nosuchoption'], says: [/nosuchoption|missing/] },
		{ args: ['network', 'create', '--nosuchoption', 'x'], says: ['nosuchoption'] },
		{ args: ['nosuchcommand'], says: ['nosuchcommand'] },
		{ args: ['network', 'nosuchcommand'], says: ['nosuchcommand'] },
		{ args: ['network', 'connect', 'testnet'], says: [/missing/i] },
		{ args: ['--host', 'unix:///x', 'lsc'], says: ['unix:///x', 'http:///'] },
	];
	for (const refusal of cases) test(`klee ${refusal.args.join(' ')}`, () => assertRefused(refusal).then(() => {}));

	test('a command that is not in the image', async () => {
		const { stdout, stderr, code } = await host.klee('run', '--name', 'third', 'Debian', '/bin/nosuch');
		assert.notEqual(code, 0);
		assert.match(stdout + stderr, /nosuch/);
		assert.deepEqual(await host.kleeJson<unknown[]>('lsc'), []);
		await host.kleeOutput('rmc', 'third');
	});

	test('a user that is not in the image', () =>
		assertNotRun({ args: ['run', '-u', 'nosuch', '--name', 'third', 'Debian', 'true'], says: ['nosuch'] }));

	test('a running container is not removed without -f', async () => {
		await host.kleeOutput('start', '-d', 'holder');
		const { stdout, stderr, code } = await host.klee('rmc', 'holder');
		assert.equal(code, 1);
		assert.match(stdout + stderr, /you\s+cannot\s+remove\s+a\s+running\s+container/);
		await host.kleeOutput('stop', 'holder');
	});
});

test('an image that cannot be made leaves nothing', async () => {
	for (const source of ['file:///nosuch.tar', 'file:///etc/hostname', 'gopher://x/y', '/etc/passwd']) {
		const { stdout, stderr, code } = await host.klee('image', 'create', '-t', 'bad', 'fetch', source);
		assert.notEqual(code, 0, source);
		assert.match(stdout + stderr, /image creation failed/);
	}
	const others: readonly (readonly [readonly string[], RegExp])[] = [
		[['zfs-copy', 'zroot/base'], /keeps images in directories, not in ZFS[\s\S]*fetch file:\/\/\//],
		[['zfs-clone', 'zroot/base'], /not in ZFS/],
		[['zfs-copy', '/zroot/base'], /without a "\/" in front[\s\S]*zfs list/],
		[['zfs-clone', 'zroot/base@snap'], /as a dataset/],
		[['--update', 'fetch-auto'], /cannot update an image[\s\S]*leave --update out/],
	];
	for (const [words, says] of others) {
		const { stdout, stderr, code } = await host.klee('image', 'create', '-t', 'bad', ...words);
		assert.notEqual(code, 0, words.join(' '));
		assert.match(stdout + stderr, says);
	}
	assert.equal((await host.kleeJson<unknown[]>('lsi')).length, 1);
});

test('a path that cannot be decoded is a bad request like any other', async () => {
	const { status, text } = await ask(host.socket, 'GET /networks/%ff/inspect');
	// As for any path of which there is nothing; other clients get 400.
	assert.equal(status, 404);
	assert.deepEqual(JSON.parse(text), { message: "'/networks/%ff/inspect' is not a valid url component" });
});

test('files that cannot be written, ports and addresses that cannot be used', async () => {
	const cases: Refusal[] = [
		{ args: ['system', 'backup', '/nosuch/x'], says: ['cannot write /nosuch/x: its directory does not exist'] },
		{ args: ['system', 'backup', host.folder], says: [`cannot write ${host.folder}: it is a directory`] },
		{ args: [...vnet, '-p', '0', 'Debian'], says: ['containers have no port 0', '-p 0:80'] },
		{ args: [...vnet, '--ip', '10.4.6.255', 'Debian'], says: ['choose one from 10.4.6.2 to 10.4.6.254'] },
	];
	for (const one of cases) {
		const { stdout, stderr } = await assertRefused(one);
		assert.doesNotMatch(stdout + stderr, /ENOENT|EISDIR|range 0 - 65535/);
	}
	assert.equal(existsSync(`${host.folder}.partial`), false);
});

test('the daemon is not running', async () => {
	const nowhere = `http://${join(host.folder, 'nobody.sock')}`;
	const { stdout, stderr, code } = await run([KLEE, '--host', nowhere, 'lsc'], { env: host.environment });
	assert.equal(code, 1);
	assert.match(stdout + stderr, /unable to connect to kleened/);
	assert.match(stdout + stderr, /nobody\.sock/);
	assert.match((stdout + stderr).replace(/\s+/g, ' '), /start it|kleened --|is it running/i);
});

test('the daemon without root says so, and makes nothing', async () => {
	const root = join(host.folder, 'other');
	const socket = `http://${join(host.folder, 'other.sock')}`;
	const { stdout, stderr, code } = await run(['unshare', '--user', KLEENED, '--root', root, '--host', socket]);
	assert.notEqual(code, 0);
	assert.match(stdout + stderr, /needs root|as root/);
	assert.match(stdout + stderr, /sudo/);
	assert.equal(existsSync(root), false);
});

test('a second daemon on the same root or socket is refused', async () => {
	// One network has one daemon: this one has another, and wants to listen where the first does.
	const elsewhere = `${host.namespace}-b`;
	await createNamespace(elsewhere);
	const other = ['--root', join(host.folder, 'other'), '--host', host.url, '--netns', elsewhere];
	const sameSocket = await run([KLEENED, ...other]).finally(() => removeNamespace(elsewhere));
	assert.notEqual(sameSocket.code, 0);
	assert.match(sameSocket.stdout + sameSocket.stderr, /another daemon/);
	const socket = `http://${join(host.folder, 'other.sock')}`;
	const sameRoot = await run([KLEENED, '--root', host.root, '--host', socket, '--netns', host.namespace]);
	assert.notEqual(sameRoot.code, 0);
	assert.match(sameRoot.stdout + sameRoot.stderr, /another|already/);
});
