/** A vnet container as a router: it forwards and translates between its networks, and has the end of a tunnel. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Conversation, run } from '#test/testbed/command.ts';
import { Landscape, type Member } from '#test/testbed/traffic/landscape.ts';
import { withoutUserNamespaces } from '#test/testbed/user-namespaces.ts';

const skip = withoutUserNamespaces;
let land: Landscape;

before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'inner');
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', '--subnet6', 'fd00:4:7::/64', 'outer');
});
const shuttles: Conversation[] = [];
afterEach(async () => {
	for (const end of shuttles.splice(0)) {
		end.child.kill('SIGKILL');
		await end.ended;
	}
	await land.host.removeContainers();
});
after(() => land.close());

async function inside(name: string, script: string): Promise<string> {
	const { stdout, stderr, code } = await land.host.klee('exec', name, 'sh', '-ec', script);
	assert.equal(code, 0, `${script}: ${stderr}`);
	return stdout;
}

/** A program of the test in the network of a container, as its root: images need not have it. */
async function asRoot({ place }: Member, ...argv: readonly string[]): Promise<string> {
	const { stdout, stderr, code } = await run([...place, '--user', ...argv]);
	assert.equal(code, 0, stderr);
	return stdout;
}

/** What comes to the router is led on to the server, as if it came from the router. */
const NAT = `table inet nat {
	chain pre { type nat hook prerouting priority -100;
		iifname "epair0b" icmp type echo-request dnat ip to 10.4.7.2
		iifname "epair0b" icmpv6 type echo-request dnat ip6 to fd00:4:7::2
	}
	chain post { type nat hook postrouting priority 100; oifname "epair1b" masquerade; }
}`;

/** The end of a tunnel: packets of tun0 to and from datagrams. Source: tun(4) of Linux, TUNSETIFF. */
const SHUTTLE = `use IO::Socket::INET; my ($own, $other) = @ARGV; $| = 1;
	open(my $tun, '+<', '/dev/net/tun') or die "tun: $!"; my $request = pack('a16 s x22', 'tun0', 0x1001);
	ioctl($tun, 0x400454ca, $request) or die "ioctl: $!";
	my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => "$own:5000", PeerAddr => "$other:5000") or die $!;
	print "ready\\n"; my ($t, $s) = (fileno($tun), fileno($socket));
	while (1) { my $set = ''; vec($set, $t, 1) = 1; vec($set, $s, 1) = 1; select($set, undef, undef, undef); my $packet;
		if (vec($set, $t, 1)) { sysread($tun, $packet, 2000); $socket->send($packet); }
		if (vec($set, $s, 1)) { $socket->recv($packet, 2000); syswrite($tun, $packet) if length $packet; } }`;

describe('a container with two networks', { skip }, () => {
	test('forwards between them and translates, in both families, once it has set that itself', async () => {
		const router = await land.member('router', '-l', 'vnet', '-n', 'inner', '--ip', '10.4.6.9', '--ip6', 'fd00:4:6::9');
		await land.host.kleeOutput('network', 'connect', '--ip', '10.4.7.9', '--ip6', 'fd00:4:7::9', 'outer', 'router');
		await land.member('client', '-l', 'vnet', '-n', 'inner');
		await land.member('server', '-l', 'vnet', '-n', 'outer', '--ip', '10.4.7.2', '--ip6', 'fd00:4:7::2');
		await asRoot(router, 'nft', NAT);
		const ping = async (address: string) =>
			(await land.host.klee('exec', 'client', 'ping', '-c', '1', '-W', '2', address)).stdout;
		assert.doesNotMatch(await ping('10.4.6.9'), /ttl=/, 'nothing forwards yet');
		await inside('router', 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
		for (const address of ['10.4.6.9', 'fd00:4:6::9']) assert.match(await ping(address), /ttl=63/, address);
		const forwarding = await land.host.insideOutput('cat', '/proc/sys/net/ipv4/conf/default/forwarding');
		assert.match(forwarding, /^0/, 'that of the host is its own');
	});

	test('has a tunnel to another one, through /dev/net/tun', async () => {
		const tun = ['--device', '/dev/net/tun'];
		const ends = [
			{ name: 'left', own: '10.4.6.11', other: '10.4.6.12', address: '10.99.0.1/24' },
			{ name: 'right', own: '10.4.6.12', other: '10.4.6.11', address: '10.99.0.2/24' },
		];
		for (const { name, own, other, address } of ends) {
			const { place } = await land.member(name, '-l', 'vnet', '-n', 'inner', '--ip', own, ...tun);
			await inside(name, `ip tuntap add dev tun0 mode tun; ip address add ${address} dev tun0; ip link set tun0 up`);
			const end = new Conversation([...place, '--user', 'perl', '-e', SHUTTLE, own, other], process.env);
			shuttles.push(end);
			await end.until(/ready/);
		}
		assert.match(await inside('left', 'ping -c 1 -W 2 10.99.0.2'), /ttl=64/);
		const { code } = await land.host.klee(
			'run',
			'-l',
			'vnet',
			'-n',
			'inner',
			'Debian',
			'ip',
			'tuntap',
			'add',
			'tun0',
			'mode',
			'tun',
		);
		assert.ok(code !== 0, 'without --device there is none');
	});
});

test('all other settings of the kernel stay read-only, and so do those of other containers', async () => {
	const place = { vnet: ['-l', 'vnet', '-n', 'inner'], ipnet: ['-l', 'ipnet', '-n', 'inner'], host: ['-l', 'host'] };
	const script = `find /proc/sys -type f -not -path '/proc/sys/net/*' 2>/dev/null | while read f; do
		[ -e "$f" ] && { : >>"$f"; } 2>/dev/null && echo "writable: $f"; done
		{ : >>/proc/sys/net/ipv4/ip_forward; } 2>/dev/null && echo net; true`;
	const expected = { vnet: skip ? '' : 'net\n', ipnet: '', host: '' };
	for (const [driver, words] of Object.entries(place)) {
		const { stdout } = await land.host.klee('run', ...words, 'Debian', 'bash', '-c', script);
		assert.equal(stdout, expected[driver as keyof typeof expected], driver);
	}
	const without = ['--cap-drop', 'NET_ADMIN'];
	const { stdout } = await land.host.klee('run', ...place.vnet, ...without, 'Debian', 'bash', '-c', script);
	assert.equal(stdout, '');
});
