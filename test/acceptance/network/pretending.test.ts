/** Containers and neighbours that send what is not theirs to send, and what the host would do with it by itself. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { createNamespace, removeNamespace, within } from '#test/testbed/network-namespace.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Place, SILENCE } from '#test/testbed/traffic/peer.ts';
import { Speaker } from '#test/testbed/traffic/speaker.ts';

let land: Landscape;
const ears: Speaker[] = [];
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(async () => {
	for (const ear of ears.splice(0)) await ear.end();
	await land.clear();
});

/** Writes down who sends datagrams to a port, and what, and answers. @param address IPv4; absent: all, in both families */
async function listen(place: Place, port: number, address?: string): Promise<Speaker> {
	const own = address === undefined ? '::' : `::ffff:${address}`;
	const ear = new Speaker(
		place,
		`const s = createSocket({ type: 'udp6' }); s.bind(${port}, '${own}', () => console.log('ready'));
		s.on('message', (m, { address, port }) => {
			console.log(m + ' from ' + address.replace('::ffff:', ''));
			s.send('heard', port, address, () => {});
		});`,
	);
	ears.push(ear);
	await ear.hears('ready');
	return ear;
}

/** Sends a datagram, from an address that the place is given for it. */
async function say(place: Place, text: string, [address, port]: [string, number], source?: string): Promise<void> {
	if (source !== undefined) await outputOf([...place, 'ip', 'address', 'replace', `${source}/32`, 'dev', 'epair0b']);
	const from = source === undefined ? '' : `s.bind(0, '${source}', send); `;
	const script = `const s = require('node:dgram').createSocket('udp${address.includes(':') ? 6 : 4}');
		const send = () => s.send('${text}', ${port}, '${address}', () => s.close()); ${from || 'send();'}`;
	await outputOf([...place, process.execPath, '-e', script]);
}

const bridge = (number: number, ...options: readonly string[]) =>
	land.network('-t', 'bridge', '--subnet', `10.4.${number}.0/24`, ...options);
const pause = () => new Promise((resolve) => setTimeout(resolve, SILENCE));

test('nobody sends from an address to which the host knows no way back by the same interface', async () => {
	await bridge(6, 'net');
	const { place } = await land.member('web', '-l', 'vnet', '-n', 'net');
	const outside = await listen(land.outside.place, 90);
	await say(place, 'pretended', [FAR.address, 90], '203.0.113.9');
	await say(place, 'own', [FAR.address, 90], '10.4.6.2');
	await outside.hears(`own from ${UPLINK.host}`);
	await pause();
	assert.doesNotMatch(outside.heard, /pretended/);
	// A container that is the gateway of others: the administrator says so.
	await land.host.insideOutput('ip', 'route', 'add', '203.0.113.0/24', 'via', '10.4.6.2');
	await say(place, 'routed', [FAR.address, 90], '203.0.113.9');
	await outside.hears('routed from 203.0.113.9');
});

test('out of an internal network nothing gets by pretending to be part of another one', async () => {
	await bridge(6, 'net');
	await bridge(7, '--internal', 'closed');
	const web = await land.member('web', '-l', 'vnet', '-n', 'net');
	const alone = await land.member('alone', '-l', 'vnet', '-n', 'closed');
	const outside = await listen(land.outside.place, 90);
	const inside = await listen(web.place, 91);
	// A connection that there is, and its addresses.
	const port = 4446;
	const speak = (text: string) => `require('node:dgram').createSocket('udp4').bind(${port}, '10.4.6.2', function () {
		this.send('${text}', 90, '${FAR.address}', () => setTimeout(() => this.close(), 300)); });`;
	await outputOf([...web.place, process.execPath, '-e', speak('true')]);
	await outside.hears('true from');
	await outputOf([...alone.place, 'ip', 'address', 'add', '10.4.6.2/32', 'dev', 'epair0b']);
	await outputOf([...alone.place, process.execPath, '-e', speak('false')]);
	await say(alone.place, 'false', ['10.4.6.2', 91], '192.0.2.2').catch(() => undefined);
	await pause();
	assert.doesNotMatch(outside.heard, /false/);
	assert.doesNotMatch(inside.heard, /false/);
});

test('internal networks ask for names at their own gateway, and reach nothing else at port 53', async () => {
	await bridge(6, 'net');
	await bridge(7, '--internal', 'closed');
	await bridge(8, '--internal', '--no-dns', 'mute');
	const web = await land.member('web', '-l', 'vnet', '-n', 'net');
	const alone = await land.member('alone', '-l', 'ipnet', '-n', 'closed');
	const mute = await land.member('mute', '-l', 'vnet', '-n', 'mute');
	const host = await listen(land.hostPlace, 53, UPLINK.host);
	const gateway = await listen(land.hostPlace, 53, '10.4.8.1');
	for (const place of [alone.place, mute.place]) await say(place, 'inner', [UPLINK.host, 53]);
	await say(mute.place, 'inner', ['10.4.8.1', 53]);
	await say(web.place, 'outer', [UPLINK.host, 53]);
	await host.hears('outer');
	await pause();
	assert.doesNotMatch(host.heard + gateway.heard, /inner/);
	assert.match(await land.host.kleeOutput('exec', 'alone', 'getent', 'ahostsv4', 'alone'), /^10\.4\.7\.2 /m);
	const traced = await land.host.klee('network', 'trace', 'alone', `${UPLINK.host}:53/udp`);
	assert.match(traced.stdout, /do not reach services of the host/);
});

test('names are asked of the host also where port 53 is published', async () => {
	await bridge(6, '--no-dns', 'net');
	const { place } = await land.member('dns', '-l', 'vnet', '-n', 'net', '-p', '53:53/udp');
	await bridge(7, 'late');
	await land.member('web', '-l', 'vnet', '-n', 'late');
	const server = await listen(place, 53);
	assert.match(await land.host.kleeOutput('exec', 'web', 'getent', 'ahostsv4', 'web'), /^10\.4\.7\.2 /m);
	assert.equal(server.heard, 'ready\n', 'nobody asked the container');
	await say(land.outside.place, 'published', [UPLINK.host, 53]);
	await server.hears('published');
});

test('the host is made no router between its own neighbours', async () => {
	const beyond = `${land.host.namespace}-far`;
	const far = within(beyond);
	await createNamespace(beyond);
	try {
		const peer = ['peer', 'name', 'far1', 'netns', `/run/netns/${beyond}`];
		await land.host.insideOutput('ip', 'link', 'add', 'lan0', 'type', 'veth', ...peer);
		await land.host.insideOutput('sh', '-ec', 'ip addr add 198.51.100.1/24 dev lan0; ip link set lan0 up');
		const up = 'ip addr add 198.51.100.2/24 dev far1; ip link set far1 up; ip route add default via 198.51.100.1';
		await outputOf([...far, 'sh', '-ec', up]);
		await land.outside.route('198.51.100.0/24');
		await bridge(6, 'net');
		// By a port that is published there as well, both are opened.
		const { place } = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '8080:80', '-p', 'lan0:9100:80');
		await land.listen(place, 'web', 'tcp/80');
		await land.listen(far, 'beyond', 'tcp/90');
		assert.match((await land.ask(far, { address: '198.51.100.1', port: 9100 }))[0] ?? '', /^web sees 198/);
		assert.match((await land.ask(land.outside.place, { address: UPLINK.host, port: 8080 }))[0] ?? '', /^web sees/);
		assert.match((await land.ask(land.hostPlace, { address: '198.51.100.2', port: 90 }))[0] ?? '', /^beyond sees/);
		const across = { address: '198.51.100.2', port: 90, timeout: SILENCE };
		assert.deepEqual(await land.ask(land.outside.place, across), ['silence']);
		// A host that was a router already goes on being one, and says so when the daemon asks again.
		await land.host.removeEverything();
		await land.host.insideOutput('sysctl', '-qw', 'net.ipv4.ip_forward=1');
		await bridge(6, 'net');
		assert.match((await land.ask(land.outside.place, across))[0] ?? '', /^beyond sees/);
		await land.host.insideOutput('sysctl', '-qw', 'net.ipv4.ip_forward=0');
	} finally {
		await land.host.insideOutput('ip', 'link', 'delete', 'lan0');
		await removeNamespace(beyond);
	}
});

test('what is published on the loopback of the host is not for the neighbours of the uplink', async () => {
	await bridge(6, 'net');
	const { place } = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '127.0.0.1:8080:80/udp');
	const web = await listen(place, 80);
	const far = (command: string) => outputOf([...land.outside.place, 'sh', '-ec', command]);
	// The neighbour takes 127.0.0.1 for an address behind the host.
	await far(`sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.${FAR.interface}.route_localnet=1`);
	await far(`ip route flush table local 127.0.0.1; ip route flush table local 127.0.0.0/8
		ip route replace 127.0.0.1 via ${UPLINK.host} dev ${FAR.interface} src ${FAR.address}`);
	await say(land.outside.place, 'neighbour', ['127.0.0.1', 8080]);
	await say(land.hostPlace, 'host', ['127.0.0.1', 8080]);
	await web.hears('host from');
	await pause();
	assert.doesNotMatch(web.heard, /neighbour/);
});
