/** What somebody else did to the host is found and put right, and running containers never notice. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import type { Diagnosis, RepairResponse } from '#api/diagnosis.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { assertRestored, ruleset } from '#test/testbed/ruleset.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

const inside = (...argv: string[]) => host.insideOutput(...argv);

async function examine(): Promise<Diagnosis> {
	const { stdout } = await host.klee('network', 'doctor', '--json');
	return JSON.parse(stdout) as Diagnosis;
}

async function found(): Promise<string[]> {
	return (await examine()).findings.map(({ what }) => what);
}

async function repair(): Promise<RepairResponse> {
	const { stdout, stderr } = await host.klee('network', 'doctor', '--repair', '--json');
	assert.equal(stderr, '');
	return JSON.parse(stdout) as RepairResponse;
}

/** Breaks something; the doctor must say so, hint it, and then find nothing. */
async function breakAndRepair(what: RegExp, ...commands: string[][]): Promise<RepairResponse> {
	for (const command of commands) await inside(...command);
	const before = await found();
	assert.ok(
		before.some((text) => what.test(text)),
		`${what} is not among ${JSON.stringify(before)}`,
	);
	const outcome = await repair();
	assert.deepEqual(outcome.failures, []);
	assert.deepEqual(outcome.findings, []);
	// The kernel may take a moment to draw all the consequences.
	assert.ok(outcome.repaired.length >= before.length, JSON.stringify(outcome.repaired));
	return outcome;
}

const processOf = async (name: string) =>
	(await host.kleeJson<{ name: string; jid: number }[]>('lsc')).find((one) => one.name === name)?.jid;

/** Addresses of both families, both drivers, and the port from the host. */
async function requireReachable(): Promise<void> {
	for (const address of ['10.4.6.2', '10.4.6.3', 'fd00:4:6::2', 'fd00:4:6::3'])
		assert.match((await host.inside('ping', '-c', '1', '-W', '2', address)).stdout, /1 received/, address);
	assert.match(await host.kleeOutput('exec', 'one', 'ping', '-c', '1', '-W', '2', '10.4.6.3'), /1 received/);
	assert.equal((await host.inside('nc', '-z', '-w', '2', '127.0.0.1', '8080')).code, 0);
}

before(async () => {
	host = await startHostWithImage();
	const subnets = ['--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64'];
	await host.kleeOutput('network', 'create', '-t', 'bridge', ...subnets, 'testnet');
	const listen = ['busybox', 'httpd', '-f', '-p', '80', '-h', '/'];
	const vnet = ['-l', 'vnet', '-n', 'testnet', '-p', '8080:80', '--name', 'one', '--ip', '10.4.6.2'];
	await host.kleeOutput('run', '-d', ...vnet, '--ip6', 'fd00:4:6::2', 'Debian', ...listen);
	const ipnet = ['-l', 'ipnet', '-n', 'testnet', '--name', 'two', '--ip', '10.4.6.3', '--ip6', 'fd00:4:6::3'];
	await host.kleeOutput('run', '-d', ...ipnet, 'Debian', 'sleep', '600');
});
after(() => host.close());

describe('drift', () => {
	let pids: (number | undefined)[];
	const both = () => Promise.all(['one', 'two'].map(processOf));

	beforeEach(async () => {
		pids = await both();
		assert.deepEqual(await found(), [], 'nothing is wrong before');
	});

	async function requireMended(): Promise<void> {
		await requireReachable();
		assert.deepEqual(await both(), pids, 'the containers went on');
	}

	test('a healthy host is told to be so, with exit code 0', async () => {
		const { stdout, code } = await host.klee('network', 'doctor');
		assert.equal(code, 0);
		assert.match(stdout, /^✓ 1 network and 2 running containers, \d+ parts on the host: no problems found\n$/);
	});

	test('a gateway address that was deleted', async () => {
		const before = await inside('ip', '-o', 'address', 'show', 'kleene0');
		await breakAndRepair(/kleene0 has lost its address 10\.4\.6\.1\/24/, [
			...'ip address delete 10.4.6.1/24 dev kleene0'.split(' '),
		]);
		assert.match(before, /10\.4\.6\.1\/24/);
		await requireMended();
	});

	test('a port that was taken out of the bridge', async () => {
		await breakAndRepair(/epair\d+a is no port of kleene0/, ['ip', 'link', 'set', await cableOf('one'), 'nomaster']);
		await requireMended();
	});

	test('a cable that was taken down, and one that was deleted with all that is on it', async () => {
		await breakAndRepair(/cable epair\d+a is down/, ['ip', 'link', 'set', await cableOf('one'), 'down']);
		await requireMended();
		for (const name of ['one', 'two']) {
			await breakAndRepair(/cable epair\d+a is missing, and with it/, ['ip', 'link', 'delete', await cableOf(name)]);
			await requireMended();
		}
	});

	test('the bridge itself', async () => {
		await breakAndRepair(/bridge kleene0 is missing, and with it/, ['ip', 'link', 'delete', 'kleene0']);
		await requireMended();
	});

	test('the route and the proxy entry of an ipnet container', async () => {
		await breakAndRepair(
			/address 10\.4\.6\.3: the host has no route to it over epair\d+a, the host does not answer/,
			['ip', 'route', 'delete', '10.4.6.3/32'],
			['ip', 'neigh', 'delete', 'proxy', '10.4.6.3', 'dev', 'kleene0'],
		);
		await requireMended();
	});

	test('an element of the firewall, of which the kernel tells nobody', async () => {
		const table = await ruleset(host);
		await breakAndRepair(/element tcp \. 8080 : 10\.4\.6\.2 \. 80 of published_ports4 is missing/, [
			...'nft delete element inet kleene published_ports4 { tcp . 8080 }'.split(' '),
		]);
		assert.equal(await ruleset(host), table);
		await requireMended();
	});

	test('rules and the whole table of the firewall are back before a doctor is called', async () => {
		const table = await ruleset(host);
		for (const command of [
			`flush chain inet kleene net_${await networkId()}`,
			'insert rule inet kleene from_outside accept',
			'delete table inet kleene',
		]) {
			await inside('nft', ...command.split(' '));
			await assertRestored(host, table, command);
			assert.deepEqual(await found(), [], command);
		}
		await requireMended();
	});

	test('an element that leads elsewhere', async () => {
		await breakAndRepair(
			/element tcp \. 8080 of published_ports4 leads to 10\.4\.6\.9 \. 80/,
			'nft delete element inet kleene published_ports4 { tcp . 8080 }'.split(' '),
			'nft add element inet kleene published_ports4 { tcp . 8080 : 10.4.6.9 . 80 }'.split(' '),
		);
		await requireMended();
	});

	test('a setting of the kernel', async () => {
		await breakAndRepair(/net\.ipv4\.conf\.kleene0\.rp_filter is 1, not 2/, [
			...'sysctl -qw net.ipv4.conf.kleene0.rp_filter=1'.split(' '),
		]);
		await requireMended();
	});

	test('is shown with why it matters, what fixes it, and what a repair would do', async () => {
		await inside('ip', 'address', 'delete', '10.4.6.1/24', 'dev', 'kleene0');
		const { stdout, code } = await host.klee('network', 'doctor');
		assert.equal(code, 1);
		assert.match(stdout, /^✗ network testnet: kleene0 has lost its address 10\.4\.6\.1\/24\n/);
		assert.match(stdout, /\n {4}why: {3}containers of the network have no gateway/);
		assert.match(stdout, /\n {4}hint: {2}klee network doctor --repair\n {11}ip addr add 10\.4\.6\.1\/24 dev kleene0\n/);
		// Routes that the host has from that address go with it.
		assert.match(stdout, /\n✗ container two: address 10\.4\.6\.3: the host has no route to it over epair\d+a/);
		assert.match(stdout, /: 2 errors\n$/);
		const repaired = await host.klee('network', 'doctor', '--repair');
		assert.equal(repaired.code, 0, repaired.stdout);
		assert.match(repaired.stdout, /^✓ network testnet: kleene0 has lost its address 10\.4\.6\.1\/24; repaired\n/);
	});
});

async function cableOf(name: string): Promise<string> {
	const { network_endpoints } = await host.kleeJson<{ network_endpoints: Endpoint[] }>('isn', 'testnet');
	const id = (await host.kleeJson<{ id: string; name: string }[]>('lsc')).find((one) => one.name === name)?.id;
	return `${network_endpoints.find(({ container_id }) => container_id === id)?.epair}a`;
}

interface Endpoint {
	readonly container_id: string;
	readonly epair: string;
}

async function networkId(): Promise<string> {
	return (await host.kleeJson<{ id: string }[]>('lsn'))[0]?.id ?? '';
}

/** A cable that leads into a namespace of somebody else's, who is gone when the test is over. */
async function addForeignCable(name: string, t: TestContext): Promise<void> {
	// unshare is in a namespace of its own only some time after it was started.
	const script = `unshare --net sleep 300 >/dev/null 2>&1 & echo $!
		until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
		ip link add ${name} type veth peer name x netns $!`;
	const { stdout, stderr, code } = await host.inside('sh', '-c', script);
	const pid = Number(stdout);
	if (pid > 0) t.after(() => process.kill(pid));
	assert.equal(code, 0, stderr);
}

describe('leaks and duplicates', () => {
	test('a bridge, a cable and rules that nothing explains go, and nothing else does', async (t) => {
		await inside('ip', 'link', 'add', 'kleene7', 'type', 'bridge');
		await addForeignCable('epair77a', t);
		await inside('nft', 'add element inet kleene container_interfaces { "epair88a" }');
		await inside('nft', 'add element inet kleene published_ports4 { tcp . 9999 : 10.4.6.2 . 1 }');
		await inside(
			'nft',
			'add chain inet kleene net_aabbccddeeff; add element inet kleene network_policy { "gone0" : goto net_aabbccddeeff }',
		);
		const what = await found();
		assert.equal(what.length, 5, JSON.stringify(what));
		for (const name of ['kleene7', 'epair77a', 'epair88a', 'tcp . 9999', 'aabbccddeeff'])
			assert.ok(
				what.some((text) => text.includes(name)),
				`${name} is not among ${JSON.stringify(what)}`,
			);
		const { findings, failures } = await repair();
		assert.deepEqual([findings, failures], [[], []]);
		assert.doesNotMatch(await inside('ip', '-o', 'link'), /kleene7|epair77/);
		assert.doesNotMatch(await inside('nft', 'list', 'table', 'inet', 'kleene'), /epair88|9999|aabbcc|gone0/);
		await requireReachable();
	});

	test("a container's address on an interface of the host is found, and left to the administrator", async () => {
		await inside('ip', 'link', 'add', 'other0', 'type', 'bridge');
		await inside('ip', 'address', 'add', '10.4.6.2/32', 'dev', 'other0');
		const { findings } = await examine();
		assert.deepEqual(
			findings.map(({ kind, plan }) => [kind, plan.length]),
			[
				['duplicate', 0],
				['duplicate', 0],
			],
		);
		assert.match(findings[0]?.what ?? '', /10\.4\.6\.2 is held by container one and interface other0 of the host/);
		const { code } = await host.klee('network', 'doctor', '--repair');
		assert.equal(code, 1, 'something is left');
		await inside('ip', 'link', 'delete', 'other0');
		assert.deepEqual(await found(), []);
	});

	test('a subnet that is nearly full', async () => {
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.7.0/30', 'small');
		await host.kleeOutput('create', '-l', 'vnet', '-n', 'small', '--name', 'three', 'Debian');
		const { findings } = await examine();
		assert.equal(findings[0]?.kind, 'capacity');
		assert.match(findings[0]?.what ?? '', /^2 of the 2 addresses of 10\.4\.7\.0\/30 are held/);
		await host.kleeOutput('rmc', 'three');
		await host.kleeOutput('rmn', 'small');
	});
});
