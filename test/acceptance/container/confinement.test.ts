/** What processes of a container see and may do, looked at from inside. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
afterEach(() => host.removeContainers());
after(() => host.close());

const VNET = ['-l', 'vnet', '-n', 'testnet'] as const;

/** Output of a shell command in a container with these options. */
function inside(options: readonly string[], command: string): Promise<string> {
	return host.kleeOutput('run', '--rm', ...options, 'Debian', 'sh', '-c', command);
}

for (const [driver, words] of [
	['host', []],
	['vnet', VNET],
] as const)
	test(`a read-only root with a file system in memory and a volume that can be written to (${driver})`, async () => {
		const options = [...words, '--read-only', '--tmpfs', '/scratch:size=1m,mode=711', '-m', 'data:/srv'];
		const script = [
			'touch /etc/x 2>&1 | grep -o "Read-only file system"',
			'touch /scratch/x /srv/x && stat -c %a /scratch',
			'head -c 2000000 /dev/zero >/scratch/big 2>/dev/null || echo full',
		];
		assert.equal(await inside(options, script.join('; ')), 'Read-only file system\n711\nfull');
	});

test('capabilities are added and dropped', async () => {
	const bounding = async (...options: string[]) =>
		BigInt(`0x${await inside(options, 'sed -n "s/^CapBnd:.//p" /proc/self/status')}`);
	const has = (set: bigint, capability: number) => ((set >> BigInt(capability)) & 1n) === 1n;
	const usual = await bounding();
	const changed = await bounding('--cap-add', 'sys_nice', '--cap-drop', 'CAP_CHOWN');
	assert.deepEqual([has(usual, 23), has(usual, 0), has(changed, 23), has(changed, 0)], [false, true, true, false]);
	const few = await bounding('--cap-drop', 'ALL', '--cap-add', 'CHOWN');
	assert.equal(few, (1n << 0n) | (1n << 6n) | (1n << 7n));
});

for (const [driver, words] of [
	['host', []],
	['vnet', VNET],
] as const)
	test(`a device of the host is there under its new name, others are not (${driver})`, async () => {
		const script =
			'head -c 2 /dev/nothing | wc -c; echo x >/dev/nothing && echo written; ls /dev/kmsg 2>/dev/null || echo none';
		assert.equal(await inside([...words, '--device', '/dev/null:/dev/nothing'], script), '0\nwritten\nnone');
	});

test('kernel parameters of its network, and limits of its processes', async () => {
	const options = [
		...VNET,
		'--sysctl',
		'net.ipv4.ip_default_ttl=42',
		'--ulimit',
		'nofile=100:200',
		'--ulimit',
		'core=0',
	];
	const script = 'cat /proc/sys/net/ipv4/ip_default_ttl; ulimit -Sn; ulimit -Hn; ulimit -c';
	assert.equal(await inside(options, script), '42\n100\n200\n0');
	await host.kleeOutput('run', '-d', '--name', 'limited', '--ulimit', 'nofile=90', 'Debian', 'sleep', '60');
	assert.equal(await host.kleeOutput('exec', 'limited', 'sh', '-c', 'ulimit -n'), '90');
});

test('names in /etc/hosts, name servers and domains', async () => {
	const names = [
		'--add-host',
		'db:10.9.8.7',
		'--add-host',
		'six:[fd00::7]',
		'--dns',
		'10.9.9.9',
		'--dns-search',
		'example.test',
	];
	const script = 'getent hosts db six; cat /etc/resolv.conf';
	for (const words of [VNET, ['-l', 'disabled']]) {
		const lines = (await inside([...words, ...names], script)).split('\n').map((line) => line.replace(/\s+/g, ' '));
		assert.deepEqual(lines.slice(0, 2), ['10.9.8.7 db', 'fd00::7 six']);
		assert.ok(lines.includes('search example.test') && lines.includes('nameserver 10.9.9.9'), lines.join('\n'));
		assert.equal(lines.filter((line) => line.startsWith('nameserver')).length, 1);
	}
	assert.match(
		await inside([...VNET, '--dns-search', 'a.test'], 'cat /etc/resolv.conf'),
		/^search a\.test\nnameserver 10\.4\.6\.1/,
	);
});

test('the entrypoint, the working directory and labels are those of the container', async () => {
	assert.equal(await inside(['-w', '/usr/lib'], 'pwd'), '/usr/lib');
	const words = ['--entrypoint', 'echo', '--label', 'a=b', '--label', 'c', '--name', 'said'];
	assert.equal(await host.kleeOutput('run', ...words, 'Debian', 'one', 'two'), 'one two');
	const { container } = await host.kleeJson<{ container: { options: object } }>('container', 'inspect', 'said');
	assert.deepEqual(container.options, { entrypoint: ['echo'], labels: { a: 'b', c: '' } });
	await host.kleeOutput('run', '-d', '--name', 'stays', '-w', '/var', 'Debian', 'sleep', '60');
	assert.equal(await host.kleeOutput('exec', 'stays', 'pwd'), '/var');
	assert.equal(await host.kleeOutput('exec', '-w', '/usr', 'stays', 'pwd'), '/usr');
});

test('what would reach beyond the container is refused, with nothing left', async () => {
	for (const [words, why] of [
		[['--cap-add', 'ROOT'], /no capability ROOT/],
		[['--cap-add', 'NET_ADMIN'], /cannot configure their network/],
		[['--cap-drop', 'SETUID'], /becomes the user/],
		[['--sysctl', 'kernel.panic=1'], /setting of the whole host/],
		[['--sysctl', 'net.ipv4.ip_forward=1'], /is that of the host/],
		[['--sysctl', 'net.ipv4../../kernel/panic=1'], /setting of the whole host/],
		[['--ulimit', 'nofile=1000000000000'], /own hard limit of nofile is \d+/],
		[['--ulimit', 'nofile=-1'], /own hard limit/],
		[['--ulimit', 'magic=1'], /no limit 'magic'/],
		[['--device', '/etc/passwd'], /no path below \/dev/],
		[['--device', '/dev/none'], /no such file/],
		[['--device', '/dev/../etc/passwd'], /no path below \/dev/],
		[['--tmpfs', '/proc'], /nothing can be mounted/],
		[['--tmpfs', '/a/../b'], /nothing can be mounted/],
		[['--add-host', 'a b:1.2.3.4'], /no host name/],
		[['--add-host', 'a:1.2.3'], /no address/],
		[['--dns', 'server'], /no address/],
	] as const) {
		const { code, stdout, stderr } = await host.klee('run', ...words, 'Debian', 'true');
		assert.deepEqual([code, stdout], [125, ''], `${words} ${stderr}`);
		assert.match(stderr, why);
	}
	assert.deepEqual(await host.kleeJson<unknown[]>('lsc', '-a'), []);
});
