/**
 * Of the walkthrough what only Linux has, or only its own tools show: its base image, its lists, what a container may do
 * with `ip`. The rest is the same on every host, in everywhere/walkthrough.test.ts.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

const ID = '[0-9a-f]{12}';
let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());

test('the base image has the programs that it promises', async () => {
	const programs = ['sh', 'cat', 'ifconfig', 'ip', 'ping', 'nc', 'busybox', 'env'];
	const script = `for name in ${programs.join(' ')}; do command -v $name || echo "no $name"; done; ls -l /etc/rc.d`;
	const { stdout, code } = await host.klee('run', 'Debian', '/bin/sh', '-c', script);
	assert.equal(code, 0, stdout);
	assert.doesNotMatch(stdout, /^no /m);
	assert.match(stdout, /^-rwx.*syslogd$/m);
});

test('to the kernel the network is a bridge that is up', async () => {
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testvnet');
	assert.match(await host.insideOutput('ip', '-d', '-o', 'link', 'show', 'kleene0'), /<[^>]*\bUP\b[^>]*>.* bridge /);
});

test('a container on a vnet has its cable, a loopback of its own, and nothing else', async () => {
	const ifconfig = await host.kleeOutput('run', '-l', 'vnet', '-n', 'testvnet', 'Debian', 'ifconfig');
	assert.deepEqual([...ifconfig.matchAll(/^(\S+): flags/gm)].map((match) => match[1]).sort(), ['epair0b', 'lo']);
	assert.match(ifconfig, /^lo:.*\n\s+inet 127\.0\.0\.1 /m);
});

async function startPair(): Promise<void> {
	const web = ['-l', 'ipnet', '-J', 'allow.raw_sockets', '--name', 'webservice', '--ip', '10.4.6.2'];
	await host.kleeOutput('run', '-d', ...web, '-n', 'testvnet', 'Debian');
	const vpn = ['-l', 'vnet', '--name', 'vpnservice', '--ip', '10.4.6.3'];
	await host.kleeOutput('run', '-d', ...vpn, '-n', 'testvnet', 'Debian');
}

test('TCP passes between an ipnet and a vnet container in both directions', async () => {
	await host.kleeOutput('rmc', ...(await host.kleeJson<{ id: string }[]>('lsc', '-a')).map(({ id }) => id));
	await startPair();
	for (const [server, address, client] of [
		['webservice', '10.4.6.2', 'vpnservice'],
		['vpnservice', '10.4.6.3', 'webservice'],
	] as const) {
		await host.kleeOutput(
			'exec',
			server,
			'/bin/sh',
			'-c',
			`mkdir -p /srv/www && echo I am ${server} >/srv/www/index.html`,
		);
		await host.kleeOutput('exec', '-d', server, 'busybox', 'httpd', '-f', '-p', '8080', '-h', '/srv/www');
		const fetch = `for i in $(seq 50); do busybox wget -qO- http://${address}:8080/ && exit; sleep 0.2; done; exit 1`;
		assert.match(await host.kleeOutput('exec', client, '/bin/sh', '-c', fetch), new RegExp(`^I am ${server}$`, 'm'));
	}
});

test('the ipnet container cannot change its interfaces, the vnet container can', async () => {
	const inner = await host.kleeOutput('exec', 'webservice', 'ip', '-o', 'address');
	assert.match(inner, /\bkleene0 +inet 10\.4\.6\.2\/32 /);
	for (const change of [
		['ip', 'address', 'add', '10.4.6.77/32', 'dev', 'kleene0'],
		['ifconfig', 'kleene0', 'down'],
		['ip', 'route', 'add', '10.99.0.0/16', 'dev', 'kleene0'],
	]) {
		const { stdout, stderr, code } = await host.klee('exec', 'webservice', ...change);
		assert.notEqual(code, 0);
		assert.match(stdout + stderr, /Operation not permitted/);
	}
	await host.kleeOutput('exec', 'vpnservice', 'ip', 'address', 'add', '10.4.6.77/24', 'dev', 'epair0b');
	assert.match(await host.kleeOutput('exec', 'vpnservice', 'ip', '-o', 'address'), /10\.4\.6\.77\/24/);
});

test('an ipnet container may not open raw sockets unless it was given them', async () => {
	const { stdout, stderr, code } = await host.klee('run', '-n', 'testvnet', 'Debian', 'ping', '-c', '1', '10.4.6.1');
	assert.notEqual(code, 0);
	assert.match(stdout + stderr, /not permitted/i);
});

interface NetworkInspect {
	readonly network: Record<string, unknown>;
	readonly network_endpoints: readonly { container_id: string; ip_address: string; epair: string | null }[];
}

test('lists and inspections tell what is there', async () => {
	const table = await host.kleeOutput('lsc', '-a');
	assert.match(table, /CONTAINER ID +NAME +IMAGE +COMMAND +CREATED +AUTORUN +STATUS +JID/);
	assert.match(table, new RegExp(`${ID} +vpnservice +Debian:latest +.* ago +no +running +\\d+`));
	const network = JSON.parse(await host.kleeOutput('network', 'inspect', 'testvnet')) as NetworkInspect;
	assert.equal(network.network.interface, 'kleene0');
	assert.equal(network.network.gateway, '<auto>');
	const { container_endpoints: endpoints, container } = JSON.parse(
		await host.kleeOutput('container', 'inspect', 'vpnservice'),
	) as { container: Record<string, unknown>; container_endpoints: NetworkInspect['network_endpoints'] };
	assert.equal(container.running, true);
	assert.equal(endpoints[0]?.ip_address, '10.4.6.3');
	assert.match(endpoints[0]?.epair ?? '', /^epair\d+$/);
	const members = network.network_endpoints.map(({ ip_address }) => ip_address);
	assert.ok(members.includes('10.4.6.2') && members.includes('10.4.6.3'), members.join());
	assert.match(await host.insideOutput('ip', '-o', 'link'), new RegExp(`${endpoints[0]?.epair}a@`));
});

test('after everything is removed the host is exactly as before', async () => {
	await host.kleeOutput('stop', 'webservice', 'vpnservice');
	await host.removeEverything();
	await host.kleeOutput('image', 'rm', 'Debian');
	assert.deepEqual(await host.changes(), []);
	assert.deepEqual(JSON.parse(await host.kleeOutput('lsi', '--json')), []);
});
