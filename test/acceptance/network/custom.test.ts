/** Networks on interfaces that the host has already, and networks that have no interface to the outside at all. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Question, SILENCE } from '#test/testbed/traffic/peer.ts';

/** An address of the outside that is not on the segment of the uplink. */
const DISTANT = '203.0.113.7';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	await outputOf([...land.outside.place, 'ip', 'address', 'add', `${DISTANT}/32`, 'dev', 'lo']);
	await land.outside.route('10.4.0.0/16');
});
after(() => land.close());
afterEach(() => land.clear());

const LAN = ['-t', 'custom', '-i', UPLINK.interface, '--subnet', '192.0.2.0/24', '--subnet6', '2001:db8:2::/64'];
const ADDRESSES = ['--ip', '192.0.2.50', '--ip6', '2001:db8:2::50'];
/** The same segment, seen by somebody whose packets come from elsewhere. */
const fromAfar = async (question: Question) =>
	(await land.ask(land.outside.place, { source: DISTANT, ...question }))[0] ?? '';

test('a container on the uplink is a neighbour of those out there, and a stranger to those further away', async () => {
	await land.network(...LAN, '--no-nat', 'lan');
	const web = await land.member('web', '-l', 'ipnet', '-n', 'lan', ...ADDRESSES, '-p', '8080:80');
	await land.listen(web.place, 'web', 'tcp/80', 'udp/80');
	await land.listen(land.outside.place, 'outside', 'tcp/90', 'udp/90');
	for (const protocol of ['tcp', 'udp'] as const) {
		const inward = ['192.0.2.50', '2001:db8:2::50'].map((address) => ({ protocol, address, port: 80 }));
		const seen = [`web sees ${FAR.address}`, `web sees ${FAR.address6}`];
		assert.deepEqual(await land.ask(land.outside.place, ...inward), seen);
		const outward = [FAR.address, FAR.address6].map((address) => ({ protocol, address, port: 90 }));
		const own = ['192.0.2.50', '2001:db8:2::50'].map((address) => `outside sees ${address}`);
		assert.deepEqual(await land.ask(web.place, ...outward), own);
	}
	assert.deepEqual(await land.ask(web.place, { address: DISTANT, port: 90 }), ['outside sees 192.0.2.50']);
	const question = { address: UPLINK.host, port: 8080 };
	assert.deepEqual(await land.ask(land.outside.place, question), [`web sees ${FAR.address}`], 'source preserved');
	assert.equal(await fromAfar(question), `web sees ${DISTANT}`);
	assert.doesNotMatch(await fromAfar({ address: '192.0.2.50', port: 80, timeout: SILENCE }), /sees/);
	assert.match((await land.ask(web.place, question))[0] ?? '', /^web sees /);
});

test('icc off keeps neighbours away too, save for what is published', async () => {
	await land.network(...LAN, '--no-nat', '--icc', 'false', 'lan');
	const web = await land.member('web', '-l', 'ipnet', '-n', 'lan', ...ADDRESSES, '-p', '8080:80');
	await land.listen(web.place, 'web', 'tcp/80');
	await land.listen(land.outside.place, 'outside', 'tcp/90');
	const [direct, published] = await land.ask(
		land.outside.place,
		{ address: '192.0.2.50', port: 80, timeout: SILENCE },
		{ address: UPLINK.host, port: 8080 },
	);
	assert.deepEqual([direct, published], ['silence', `web sees ${FAR.address}`]);
	const [outward] = await land.ask(web.place, { address: FAR.address, port: 90, timeout: SILENCE });
	assert.doesNotMatch(outward ?? '', /sees/);
});

for (const options of [[], ['--internal']])
	test(`a network on the uplink ${options} leaves the uplink to the host and to other networks`, async () => {
		await land.network(...LAN, '--no-nat', ...options, 'lan');
		await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
		await land.member('web', '-l', 'ipnet', '-n', 'lan', ...ADDRESSES);
		const app = await land.member('app', '-l', 'vnet', '-n', 'net', '-p', '8081:80');
		await land.listen(app.place, 'app', 'tcp/80');
		await land.listen(land.hostPlace, 'host', 'tcp/70');
		await land.listen(land.outside.place, 'outside', 'tcp/90');
		const out = { address: FAR.address, port: 90 };
		assert.deepEqual(await land.ask(app.place, out), [`outside sees ${UPLINK.host}`]);
		assert.deepEqual(await land.ask(land.hostPlace, out), [`outside sees ${UPLINK.host}`]);
		const inward = [70, 8081].map((port) => ({ address: UPLINK.host, port }));
		const expected = [`host sees ${FAR.address}`, `app sees ${FAR.address}`];
		assert.deepEqual(await land.ask(land.outside.place, ...inward), expected);
		const [between] = await land.ask(app.place, { address: '192.0.2.50', port: 80, timeout: SILENCE });
		assert.notEqual(between, 'ECONNREFUSED', 'a packet got through to the other network');
		const [direct] = await land.ask(land.outside.place, { address: '10.4.6.2', port: 80, timeout: SILENCE });
		assert.equal(direct, 'silence');
	});

test('an interface that vanishes is named by the refusal, and everything can be removed', async () => {
	await land.host.insideOutput('ip', 'link', 'add', 'extra0', 'type', 'veth', 'peer', 'name', 'extra1');
	try {
		await land.host.insideOutput('ip', 'link', 'set', 'extra0', 'up');
		await land.network('-t', 'custom', '-i', 'extra0', '--subnet', '10.4.9.0/24', '--no-nat', 'extra');
		await land.member('stays', '-l', 'ipnet', '-n', 'extra');
		await land.host.kleeOutput('stop', 'stays');
		await land.member('runs', '-l', 'ipnet', '-n', 'extra');
		await land.member('joins', '-l', 'ipnet', '-n', 'extra');
		await land.host.kleeOutput('network', 'disconnect', 'extra', 'joins');
	} finally {
		await land.host.insideOutput('ip', 'link', 'delete', 'extra0');
	}
	for (const command of [
		['start', '-d', 'stays'],
		['network', 'connect', 'extra', 'joins'],
	]) {
		const refused = await land.host.klee(...command);
		assert.equal(refused.code, 1, command.join(' '));
		assert.match(refused.stdout + refused.stderr, /the host has no interface extra0/, command.join(' '));
	}
	assert.match(await land.host.kleeOutput('isn', 'extra'), /"interface": "extra0"/);
	assert.match(await land.host.kleeOutput('isc', 'runs'), /"running": true/);
	const doctor = await land.host.klee('network', 'doctor');
	assert.equal(doctor.code, 1);
	assert.match(doctor.stdout, /extra0/);
	assert.equal(
		(await land.host.klee('network', 'doctor', '--repair')).code,
		1,
		'nobody but the administrator repairs it',
	);
	const trace = await land.host.klee('network', 'trace', 'runs', 'outside');
	assert.doesNotMatch(trace.stderr, /defect|INTERNAL/);
	assert.match(await land.host.kleeOutput('exec', 'runs', 'echo', 'alive'), /^alive$/m);
	await land.host.kleeOutput('network', 'disconnect', 'extra', 'runs');
	await land.host.stopDaemon();
	await land.host.startDaemon();
	await land.host.kleeOutput('stop', 'runs');
	await land.host.kleeOutput('rmn', 'extra');
	await land.host.removeEverything();
	assert.deepEqual(await land.host.changes(), []);
});

test('containers on a loopback network reach each other, the host and the outside, and nobody out there them', async () => {
	await land.network('--subnet', '10.4.8.0/24', '--subnet6', 'fd00:4:8::/64', 'own');
	const one = await land.member('one', '-n', 'own', '--ip', '10.4.8.1', '--ip6', 'fd00:4:8::1', '-p', '8080:80');
	const two = await land.member('two', '-n', 'own', '--ip', '10.4.8.2', '--ip6', 'fd00:4:8::2');
	await land.listen(one.place, 'one', 'tcp/80');
	await land.listen(two.place, 'two', 'tcp/80');
	await land.listen(land.outside.place, 'outside', 'tcp/90');
	const inner = ['10.4.8.2', 'fd00:4:8::2'].map((address) => ({ address, port: 80 }));
	assert.deepEqual(await land.ask(one.place, ...inner), ['two sees 10.4.8.1', 'two sees fd00:4:8::1']);
	for (const answer of await land.ask(land.hostPlace, ...inner)) assert.match(answer, /^two sees /);
	assert.deepEqual(await land.ask(one.place, { address: FAR.address, port: 90 }), [`outside sees ${UPLINK.host}`]);
	const [direct, published] = await land.ask(
		land.outside.place,
		{ address: '10.4.8.1', port: 80, timeout: SILENCE },
		{ address: UPLINK.host, port: 8080 },
	);
	assert.deepEqual([direct, published], ['silence', `one sees ${FAR.address}`]);
});
