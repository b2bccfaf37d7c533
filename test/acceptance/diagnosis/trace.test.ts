/** What `klee network trace` says and what packets do must be the same, in every kind of case. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import { outputOf } from '#test/testbed/command.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Place, SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;

before(async () => {
	land = await Landscape.start();
	const block = (unit: number) => ['--subnet', `10.4.${unit}.0/24`, '--subnet6', `fd00:4:${unit}::/64`];
	await land.network('-t', 'bridge', ...block(6), 'front');
	await land.network('-t', 'bridge', ...block(7), 'back');
	await land.network('-t', 'bridge', ...block(8), '--internal', 'vault');
	await land.network('-t', 'bridge', ...block(9), '--icc', 'false', 'apart');
	await land.network('-t', 'loopback', ...block(10), 'loop');
	const members = [
		['web', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.11', '--ip6', 'fd00:4:6::11', '-p', '8080:80'],
		['app', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.12'],
		['ips', '-l', 'ipnet', '-n', 'front', '--ip', '10.4.6.21', '-p', '8081:80'],
		['ipt', '-l', 'ipnet', '-n', 'front', '--ip', '10.4.6.22'],
		['db', '-l', 'vnet', '-n', 'back', '--ip', '10.4.7.11'],
		['safe', '-l', 'vnet', '-n', 'vault', '--ip', '10.4.8.11'],
		['safer', '-l', 'ipnet', '-n', 'vault', '--ip', '10.4.8.12'],
		['one', '-l', 'vnet', '-n', 'apart', '--ip', '10.4.9.11'],
		['two', '-l', 'vnet', '-n', 'apart', '--ip', '10.4.9.12', '-p', '8082:80'],
		['three', '-l', 'ipnet', '-n', 'apart', '--ip', '10.4.9.13'],
		['l1', '-l', 'ipnet', '-n', 'loop', '--ip', '10.4.10.11'],
		['l2', '-l', 'ipnet', '-n', 'loop', '--ip', '10.4.10.12'],
		['shared', '-l', 'host'],
		['alone', '-l', 'disabled'],
	];
	const places = new Map<string, Place>();
	for (const [name = '', ...options] of members) places.set(name, (await land.member(name, ...options)).place);
	for (const name of ['web', 'ips', 'two']) await land.listen(places.get(name)!, name, 'tcp/80', 'udp/80');
	await land.listen(land.hostPlace, 'host', 'tcp/70');
	await introduceAll(places);
});
after(async () => {
	await land.clear();
	await land.close();
});

/** Members, and the addresses that they reach directly. */
const NEIGHBOURS = [
	['web app ips ipt', '10.4.6.1 10.4.6.11 10.4.6.12 10.4.6.21 10.4.6.22'],
	['app', 'fd00:4:6::1 fd00:4:6::11'],
	['db', '10.4.7.1'],
	['safe safer', '10.4.8.1 10.4.8.11 10.4.8.12'],
	['one two three', '10.4.9.1'],
	['l1 l2', '10.4.10.11 10.4.10.12'],
	// Who is where the host is.
	['shared', '10.4.6.11 10.4.6.12 10.4.6.21 10.4.6.22 fd00:4:6::11 10.4.7.11 10.4.8.11 10.4.8.12'],
	['shared', '10.4.9.11 10.4.9.12 10.4.9.13 10.4.10.11 10.4.10.12'],
] as const;

/**
 * The probe of a trace is given up after a second, as long as the kernel waits until it asks again for a neighbour that
 * did not answer. So that one lost question does no harm, everybody knows their neighbours before.
 */
async function introduceAll(places: ReadonlyMap<string, Place>): Promise<void> {
	const introduce = async (place: Place, addresses: string) => {
		// With -w it goes on asking until there is an answer.
		for (const address of addresses.split(' '))
			await outputOf([...place, 'ping', '-q', '-c', '1', '-w', '20', address]);
	};
	const talks = NEIGHBOURS.flatMap(([names, addresses]) =>
		names.split(' ').map((name) => introduce(places.get(name)!, addresses)),
	);
	await Promise.all(talks);
}

interface Told {
	readonly code: number;
	readonly trace: Trace;
}

async function ask(source: string, destination: string): Promise<Told> {
	const { stdout, stderr, code } = await land.host.klee('network', 'trace', source, destination, '--json');
	assert.notEqual(stdout, '', stderr);
	return { code, trace: JSON.parse(stdout) as Trace };
}

async function assertTold(source: string, destination: string, expected: { arrives: boolean; reason: RegExp }) {
	const { code, trace } = await ask(source, destination);
	const said = `${source} → ${destination}: ${JSON.stringify(trace, undefined, 1)}`;
	assert.equal(trace.verdict, expected.arrives ? 'reachable' : 'unreachable', said);
	assert.equal(code, expected.arrives ? 0 : 1, said);
	assert.match(trace.reason, expected.reason, said);
	assert.equal(trace.hops.at(-1)?.verdict ?? 'accept', expected.arrives ? 'accept' : trace.hops.at(-1)?.verdict, said);
	return trace;
}

/** Reached, and the probe says so, too. */
async function reaches(source: string, destination: string, reason: RegExp = /./): Promise<Trace> {
	const trace = await assertTold(source, destination, { arrives: true, reason });
	assert.match(trace.probe?.outcome ?? '', /^(answered|closed)$/, `${source} → ${destination}`);
	return trace;
}

async function misses(source: string, destination: string, reason: RegExp): Promise<Trace> {
	const trace = await assertTold(source, destination, { arrives: false, reason });
	assert.match(trace.probe?.outcome ?? '', /^(refused|silence)$/, `${source} → ${destination}`);
	return trace;
}

const kinds = ({ hops }: Trace) => hops.map(({ kind }) => kind).join(' ');

describe('on one network', () => {
	test('vnet to vnet stays on the bridge', async () => {
		const trace = await reaches('app', 'web:80', /members of front reach each other/);
		assert.equal(kinds(trace), 'process cable bridge rule cable process');
		await reaches('app', 'web');
		await reaches('app', 'web:80/udp');
		await reaches('app', '[fd00:4:6::11]:80');
		await reaches('app', 'fd00:4:6::11');
	});

	test('a closed port is reached: the container answers that nobody listens', async () => {
		for (const destination of ['app:81', 'app:81/udp', 'host:8082']) {
			const { probe, listening, hops } = await reaches('web', destination);
			assert.equal(probe?.outcome, destination === 'host:8082' ? 'answered' : 'closed');
			assert.equal(listening, destination === 'host:8082');
			assert.match(hops.at(-1)?.what ?? '', listening ? /two listens on .*:80/ : /nothing in app listens on 81/);
		}
	});

	test('a service that waits for its own container alone is told from one that others reach', async () => {
		const app = await land.of('app');
		await land.listen(app.place, 'app', 'tcp/82/127.0.0.1', 'udp/82/127.0.0.1');
		for (const service of ['82', '82/udp']) {
			const { listening, hops } = await reaches('web', `app:${service}`);
			assert.equal(listening, false);
			assert.match(hops.at(-1)?.what ?? '', /^app listens on 127\.0\.0\.1:82\/(tcp|udp) only, not on 10\.4\.6\.12$/);
		}
		const { stdout, code } = await land.host.klee('network', 'trace', 'web', 'app:82');
		assert.equal(code, 0);
		assert.match(stdout, /! app listens on 127[\s\S]*to fix: let the service listen on 0\.0\.0\.0, or on 10\.4\.6\.12/);
		assert.match(
			stdout,
			/! packets of web arrive, but app listens on 127\.0\.0\.1:82\/tcp only, not on 10\.4\.6\.12\n/,
		);
	});

	test('between ipnet and vnet, and between ipnets, the host routes', async () => {
		assert.equal(kinds(await reaches('app', 'ips:80')), 'process cable bridge route rule cable process');
		assert.equal(kinds(await reaches('ips', 'web:80')), 'process cable route rule bridge cable process');
		await reaches('ipt', 'ips:80/udp');
		await reaches('ipt', 'app');
		await reaches('l1', 'l2', /members of loop/);
	});

	test('with icc off members do not reach each other', async () => {
		await misses('one', 'two', /icc is off on apart/);
		await misses('one', 'three:80', /icc is off on apart/);
		await misses('three', 'two:80', /icc is off on apart/);
		await reaches('one', 'host:8082', /icc is off on apart, but this port is published/);
	});

	test('members of an internal network reach each other', async () => {
		await reaches('safe', 'safer');
		await reaches('safer', 'safe:80');
	});

	test('an address that nobody has', async () => {
		await misses('app', '10.4.6.99:80', /no container has 10\.4\.6\.99/);
	});
});

describe('between networks', () => {
	test('nothing but published ports passes', async () => {
		const trace = await misses('db', 'web:80', /back and front reach each other by published ports only/);
		assert.equal(trace.hops.at(-1)?.change, 'klee network connect front db');
		await misses('web', 'db', /published ports only/);
		await misses('db', 'ips:80', /published ports only/);
		const published = await reaches('db', 'host:8080', /reach each other by published ports/);
		assert.equal(kinds(published), 'process cable bridge nat route rule nat bridge cable process');
		await reaches('db', 'host:8081/tcp');
	});

	test('an internal network is left and entered by nothing', async () => {
		await misses('safe', 'web:80', /vault is internal: nothing leaves it/);
		await misses('web', 'safe', /vault is internal: nothing enters it/);
		await misses('safe', 'host:8080', /vault is internal/);
	});
});

describe('the host', () => {
	test('is reached from containers, for pings only from internal networks', async () => {
		await reaches('web', 'host:70', /front is not internal: its members reach the host/);
		await reaches('web', 'host');
		await reaches('ips', 'host:70');
		await reaches('safe', 'host');
		await misses('safe', 'host:70', /do not reach services of the host/);
	});

	test('reaches every container, and their ports by its own addresses', async () => {
		for (const target of ['web:80', 'ips', 'safe', 'one', 'l1']) await reaches('host', target);
		await reaches('host', 'host:8080');
		await reaches('host', `${UPLINK.host}:8081`);
		await reaches('shared', 'web:80');
		await reaches('web', 'shared:70');
		await reaches('web', 'host:8080', /members of front/);
	});
});

describe('the outside', () => {
	test('is told of from the model only', async () => {
		const out = await assertTold('web', 'outside', { arrives: true, reason: /front is not internal/ });
		assert.equal(out.probe, null);
		assert.equal(out.not_probed, 'no packet is sent outside');
		assert.equal(
			out.hops.find(({ kind }) => kind === 'nat')?.what,
			`the sender becomes the host, on ${UPLINK.interface}`,
		);
		await assertTold('web', `${FAR.address}:90`, { arrives: true, reason: /may go out/ });
		await assertTold('safe', 'outside', { arrives: false, reason: /nothing leaves it/ });
		await assertTold('outside', 'host:8080', { arrives: true, reason: /published ports are reached/ });
		await assertTold('outside', 'web:80', { arrives: false, reason: /nothing but published ports/ });
		await assertTold('outside', '10.4.8.11', { arrives: false, reason: /vault is internal/ });
	});

	test('and there the world agrees', async () => {
		await land.outside.route('10.4.0.0/16');
		const [published, direct] = await land.ask(
			land.outside.place,
			{ address: UPLINK.host, port: 8080 },
			{ address: '10.4.6.11', port: 80, timeout: SILENCE },
		);
		assert.match(published ?? '', /^web sees/);
		assert.equal(direct, 'silence');
	});
});

describe('who cannot take part', () => {
	test('containers without a network, and ones that do not run', async () => {
		await assertTold('alone', 'web', { arrives: false, reason: /alone is on no network/ });
		await assertTold('web', 'alone', { arrives: false, reason: /alone is on no network/ });
		await land.host.kleeOutput('create', '--name', 'idle', '-l', 'vnet', '-n', 'front', 'Debian');
		const told = await assertTold('idle', 'web', { arrives: false, reason: /idle is not running/ });
		assert.equal(told.hops.at(-1)?.change, 'klee start idle');
		await misses('web', 'idle', /idle is not running/);
	});

	test('words that mean nothing are refused', async () => {
		for (const [destination, code] of [
			['web:80/sctp', 1],
			['web:0', 1],
			['fd00:4:6::11:x', 1],
			['nosuch', 1],
		] as const) {
			const outcome = await land.host.klee('network', 'trace', 'app', destination);
			assert.equal(outcome.code, code);
			assert.match(outcome.stderr, /^error: /);
		}
	});
});

describe('what it looks like', () => {
	test('aligned hops, the deciding rule with what changes it, and the verdict last', async () => {
		const { stdout, code } = await land.host.klee('network', 'trace', 'db', 'web:80');
		assert.equal(code, 1);
		assert.ok(!stdout.includes('\u001b'), 'no colours in a pipe');
		assert.match(stdout, /^db → web at 10\.4\.6\.11, tcp 80\n\n {2}process {4}db, network driver vnet\n/);
		assert.match(stdout, /\n {2}rule {5}✗ back and front reach each other by published ports only {2}reject\n/);
		assert.match(stdout, /\n {13}to allow it: klee network connect front db\n/);
		assert.match(
			stdout,
			/\n {2}model {4}✗ does not arrive\n {2}probe {4}✗ sent back \(EHOSTUNREACH\) after [\d.]+ ms\n/,
		);
		assert.match(stdout, /\n\n✗ db does not reach web:80: back and front reach each other by published ports only\n$/);
	});

	test('where the host does not do what the model says, that is said loudly, with exit code 2', async () => {
		await land.host.insideOutput(
			'nft',
			'add table inet other; add chain inet other f { type filter hook forward priority 5; }',
		);
		await land.host.insideOutput(
			'nft',
			'add rule inet other f ip daddr 10.4.6.21 tcp dport 80 reject with icmpx admin-prohibited',
		);
		const { stdout, code } = await land.host.klee('network', 'trace', 'app', 'ips:80');
		await land.host.insideOutput('nft', 'delete table inet other');
		assert.equal(code, 2);
		assert.match(stdout, /\n {2}model {4}\? arrives, as far as it was evaluated\n/);
		assert.match(
			stdout,
			/\n {11}\? not evaluated: chain f of table inet other\n {2}probe {4}✗ sent back \(EHOSTUNREACH\)/,
		);
		assert.match(stdout, /✗ MODEL AND PROBE DISAGREE about app → ips:80: .*chain f of table inet other/);
	});
});
