/** Ports of the host that lead into containers, from everywhere that they are to be reached from. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Conversation } from '#test/testbed/command.ts';
import { snapshotOfNetwork } from '#test/testbed/snapshot.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Place, type Question, SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const NET = ['-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'net'];
const OTHER = ['-t', 'bridge', '--subnet', '10.4.7.0/24', '--subnet6', 'fd00:4:7::/64', 'other'];

async function answers(place: Place, questions: readonly Question[], expected: RegExp): Promise<void> {
	for (const [index, answer] of (await land.ask(place, ...questions)).entries())
		assert.match(answer, expected, JSON.stringify(questions[index]));
}

/** TCP and UDP at each address. */
function both(port: number, ...addresses: readonly string[]): Question[] {
	return addresses.flatMap((address) => (['tcp', 'udp'] as const).map((protocol) => ({ protocol, address, port })));
}

for (const driver of ['vnet', 'ipnet'])
	test(`a port of an ${driver} container is reached from everywhere, TCP and UDP, IPv4 and IPv6`, async () => {
		await land.network(...NET);
		await land.network(...OTHER);
		const ports = ['-p', '8080:80', '-p', '8080:80/udp'];
		const web = await land.member('web', '-l', driver, '-n', 'net', ...ports);
		await land.listen(web.place, 'web', 'tcp/80', 'udp/80');
		await answers(land.outside.place, both(8080, UPLINK.host), new RegExp(`^web sees ${FAR.address}$`));
		await answers(land.outside.place, both(8080, UPLINK.host6), new RegExp(`^web sees ${FAR.address6}$`));
		await answers(land.hostPlace, both(8080, UPLINK.host, UPLINK.host6, '10.4.6.1', 'fd00:4:6::1'), /^web sees /);
		await answers(land.hostPlace, both(8080, '127.0.0.1'), /^web sees /);
		await answers(web.place, both(8080, UPLINK.host, UPLINK.host6, '10.4.6.1', 'fd00:4:6::1'), /^web sees /);
		for (const [network, other] of [
			['net', 'vnet'],
			['net', 'ipnet'],
			['other', 'vnet'],
			['other', 'ipnet'],
		] as const) {
			const { place } = await land.member(`client-${network}-${other}`, '-l', other, '-n', network);
			await answers(place, both(8080, UPLINK.host, UPLINK.host6), /^web sees /);
			await answers(place, both(8080, network === 'net' ? '10.4.6.1' : '10.4.7.1'), /^web sees /);
		}
		const direct = both(80, UPLINK.host).map((question) => ({ ...question, timeout: SILENCE }));
		await answers(land.outside.place, direct, /^(ECONNREFUSED|silence)$/);
	});

test('a range leads to a range of the same width, with the same offset', async () => {
	await land.network(...NET);
	const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '5000-5200:6000-6200');
	await land.listen(web.place, 'first', 'tcp/6000');
	await land.listen(web.place, 'middle', 'tcp/6077');
	await land.listen(web.place, 'last', 'tcp/6200');
	const questions = [5000, 5077, 5200].map((port) => ({ address: UPLINK.host, port }));
	const seen = await land.ask(land.outside.place, ...questions);
	assert.deepEqual(
		seen,
		['first', 'middle', 'last'].map((name) => `${name} sees ${FAR.address}`),
	);
	const refused = await land.host.klee('run', '-l', 'vnet', '-n', 'net', '-p', '50-60:70-90', 'Debian', 'true');
	assert.equal(refused.code, 125);
	assert.match(refused.stdout + refused.stderr, /not of the same width/);
});

test('an interface or an address limits where a port is published', async () => {
	await land.network(...NET);
	await land.host.insideOutput('ip', 'address', 'add', '192.0.2.99/24', 'dev', UPLINK.interface);
	try {
		const named = ['-p', '192.0.2.99:8081:80', '-p', `${UPLINK.interface}:8082:80`, '-p', '127.0.0.1:8083:80'];
		const more = ['-p', `[${UPLINK.host6}]:8084:80`, '-p', 'lo:8082:80'];
		const web = await land.member('web', '-l', 'ipnet', '-n', 'net', ...named, ...more);
		await land.listen(web.place, 'web', 'tcp/80');
		const ask = (place: Place, address: string, port: number) => land.ask(place, { address, port });
		const out = land.outside.place;
		assert.deepEqual(await ask(out, '192.0.2.99', 8081), [`web sees ${FAR.address}`]);
		assert.deepEqual(await ask(out, UPLINK.host, 8081), ['ECONNREFUSED']);
		for (const address of [UPLINK.host, '192.0.2.99', UPLINK.host6])
			assert.match((await ask(out, address, 8082))[0] ?? '', /^web sees /);
		assert.match((await ask(land.hostPlace, '127.0.0.1', 8082))[0] ?? '', /^web sees /);
		assert.deepEqual(await ask(out, UPLINK.host, 8083), ['ECONNREFUSED']);
		assert.match((await ask(land.hostPlace, '127.0.0.1', 8083))[0] ?? '', /^web sees /);
		assert.match((await ask(out, UPLINK.host6, 8084))[0] ?? '', /^web sees /);
		assert.deepEqual(await ask(out, UPLINK.host, 8084), ['ECONNREFUSED']);
	} finally {
		await land.host.insideOutput('ip', 'address', 'delete', '192.0.2.99/24', 'dev', UPLINK.interface);
	}
});

test('an interface or an address that the host does not have is refused by name', async () => {
	await land.network(...NET);
	for (const where of ['nowhere0', '203.0.113.9']) {
		const refused = await land.host.klee('run', '-l', 'vnet', '-n', 'net', '-p', `${where}:80:80`, 'Debian', 'true');
		assert.equal(refused.code, 125);
		assert.match(refused.stdout + refused.stderr, new RegExp(where.replaceAll('.', '\\.')));
	}
	assert.doesNotMatch(await land.host.insideOutput('ip', '-o', 'link'), /epair/);
});

test('without a host port a free one is chosen and shown', async () => {
	await land.network(...NET);
	const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', ':80');
	await land.listen(web.place, 'web', 'tcp/80');
	const { container } = JSON.parse(await land.host.kleeOutput('container', 'inspect', 'web')) as {
		container: { public_ports: readonly { host_port: string }[] };
	};
	const port = Number(container.public_ports[0]?.host_port);
	assert.ok(port >= 49_152 && port <= 65_535, `${port}`);
	assert.deepEqual(await land.ask(land.outside.place, { address: UPLINK.host, port }), [`web sees ${FAR.address}`]);
});

test('a port that another container holds is refused by its name, and free again when that one stops', async () => {
	await land.network(...NET);
	const first = await land.member('first', '-l', 'vnet', '-n', 'net', '-p', '8080:80');
	await land.listen(first.place, 'first', 'tcp/80');
	const before = await rules();
	const links = await cables();
	for (const port of ['8080:80', '8000-8100:8000-8100', `${UPLINK.host}:8080:80`]) {
		const second = ['--name', 'second', '-l', 'ipnet', '-n', 'net', '-p', port];
		const refused = await land.host.klee('run', ...second, 'Debian', 'true');
		assert.equal(refused.code, 125);
		assert.match(refused.stdout + refused.stderr, /8080.*second[\s\S]*container first already holds it/);
		assert.equal(await rules(), before);
		assert.deepEqual(await cables(), links);
	}
	const twice = await land.host.klee('run', '-l', 'vnet', '-n', 'net', '-p', '90:80', '-p', '90:81', 'Debian', 'true');
	assert.match(twice.stdout + twice.stderr, /twice/);
	assert.equal(await rules(), before);
	await land.host.kleeOutput('stop', 'first');
	const second = await land.member('second', '-l', 'ipnet', '-n', 'net', '-p', '8080:80');
	await land.listen(second.place, 'second', 'tcp/80');
	const question = { address: UPLINK.host, port: 8080 };
	assert.deepEqual(await land.ask(land.outside.place, question), [`second sees ${FAR.address}`]);
	const back = await land.host.klee('start', '-d', 'first');
	assert.equal(back.code, 1);
	assert.match(back.stdout + back.stderr, /container second already holds it/);
});

/** Without their operational state, which the kernel may tell some time later. */
async function cables(): Promise<readonly string[] | undefined> {
	return (await snapshotOfNetwork(land.host.namespace)).get('link');
}

/** The ruleset without what counters counted. */
function rules(): Promise<string> {
	return land.host.insideOutput('nft', '--stateless', 'list', 'ruleset');
}

test('ports and connections outlive the daemon, even when the ruleset is lost meanwhile', async () => {
	await land.network(...NET);
	const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '8080:80', '-p', `${UPLINK.interface}:8081:80`);
	const app = await land.member('app', '-l', 'ipnet', '-n', 'net', '-p', '8082:80');
	await land.listen(web.place, 'web', 'tcp/80');
	await land.listen(app.place, 'app', 'tcp/80');
	const questions = [8080, 8081, 8082].map((port) => ({ address: UPLINK.host, port }));
	const expected = ['web', 'web', 'app'].map((name) => `${name} sees ${FAR.address}`);
	assert.deepEqual(await land.ask(land.outside.place, ...questions), expected);
	const talk = new Conversation([...land.outside.place, 'nc', UPLINK.host, '8080'], process.env);
	try {
		await talk.until(/web sees/);
		await land.host.stopDaemon('SIGKILL');
		assert.deepEqual(await land.ask(land.outside.place, ...questions), expected, 'without a daemon');
		talk.type('one\n');
		await talk.until(/one/);
		await land.host.startDaemon();
		assert.deepEqual(await land.ask(land.outside.place, ...questions), expected, 'with the next daemon');
		talk.type('two\n');
		await talk.until(/two/);
	} finally {
		talk.child.kill();
		await talk.ended;
	}
	await land.host.stopDaemon('SIGTERM');
	await land.host.insideOutput('nft', 'flush', 'ruleset');
	await land.host.startDaemon();
	assert.deepEqual(await land.ask(land.outside.place, ...questions), expected, 'after the ruleset was flushed');
	assert.match((await land.ask(web.place, questions[0]!))[0] ?? '', /^web sees /);
	const refused = await land.host.klee('run', '-l', 'vnet', '-n', 'net', '-p', '8082:80', 'Debian', 'true');
	assert.match(refused.stdout + refused.stderr, /container app already holds it/);
});

test('connections that came in by a port are forgotten with it, so that its next holder is not mistaken for the last', async () => {
	await land.network(...NET);
	const tracked = async () =>
		(await land.host.insideOutput('cat', '/proc/net/nf_conntrack')).match(/ dport=8080 /g)?.length ?? 0;
	const ports = ['-p', '8080:80', '-p', '8080:80/udp'];
	for (const name of ['first', 'second']) {
		const { place } = await land.member(name, '-l', 'vnet', '-n', 'net', ...ports);
		await land.listen(place, name, 'tcp/80', 'udp/80');
		await answers(land.outside.place, both(8080, UPLINK.host, UPLINK.host6), new RegExp(`^${name} sees `));
		assert.ok((await tracked()) >= 4);
		await land.host.kleeOutput('stop', '-t', '0', name);
		assert.equal(await tracked(), 0);
	}
});
