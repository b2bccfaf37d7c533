/** Published ports that only some sources may use, by packets. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import { outputOf } from '#test/testbed/command.ts';
import { assertRestored, ruleset } from '#test/testbed/ruleset.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Place, type Question, SILENCE } from '#test/testbed/traffic/peer.ts';

/** Further addresses of the outside. */
const OTHER = { address: '192.0.2.3', address6: '2001:db8:2::3' } as const;

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	const commands = [
		`ip address add ${OTHER.address}/24 dev ${FAR.interface}`,
		`ip address add ${OTHER.address6}/64 dev ${FAR.interface} nodad preferred_lft 0`,
	];
	await outputOf([...land.outside.place, 'sh', '-ec', commands.join('\n')]);
});
after(() => land.close());
afterEach(() => land.clear());

const NET = ['-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'net'];
const BACK = ['-t', 'bridge', '--subnet', '10.4.7.0/24', '--subnet6', 'fd00:4:7::/64', 'back'];
const from = (...blocks: string[]) => blocks.flatMap((block) => ['--publish-from', block]);

/** Both protocols. */
function ways(address: string, port: number, source?: string): Question[] {
	return (['tcp', 'udp'] as const).map((protocol) => ({ protocol, address, port, ...(source ? { source } : {}) }));
}

async function assertAnswers(place: Place, questions: readonly Question[], expected: RegExp): Promise<void> {
	for (const [index, answer] of (await land.ask(place, ...questions)).entries())
		assert.match(answer, expected, JSON.stringify(questions[index]));
}

async function assertSilence(place: Place, questions: readonly Question[]): Promise<void> {
	const brief = questions.map((question) => ({ ...question, timeout: SILENCE }));
	await assertAnswers(place, brief, /^silence$/);
}

async function elements(set: string): Promise<string> {
	return (
		/elements = \{([^}]*)\}/.exec(await land.host.insideOutput('nft', 'list', 'set', 'inet', 'kleene', set))?.[1] ?? ''
	);
}

for (const driver of ['vnet', 'ipnet'])
	test(`only those who may reach the ports of an ${driver} container, and the host`, async () => {
		await land.network(...NET);
		await land.network(...BACK);
		const sources = from(`${FAR.address}/32`, `${FAR.address6}/128`, '10.4.7.0/24');
		const ports = ['-p', '8080:80', '-p', '8080:80/udp'];
		const web = await land.member('web', '-l', driver, '-n', 'net', '--ip', '10.4.6.10', ...ports, ...sources);
		await land.listen(web.place, 'web', 'tcp/80', 'udp/80');
		// What listens on the host later must not be what the others reach instead.
		await land.listen(land.hostPlace, 'host', 'tcp/8080', 'udp/8080');
		const out = land.outside.place;
		await assertAnswers(out, ways(UPLINK.host, 8080, FAR.address), new RegExp(`^web sees ${FAR.address}$`));
		await assertAnswers(out, ways(UPLINK.host6, 8080, FAR.address6), new RegExp(`^web sees ${FAR.address6}$`));
		await assertSilence(out, ways(UPLINK.host, 8080, OTHER.address));
		await assertSilence(out, ways(UPLINK.host6, 8080, OTHER.address6));
		for (const address of ['127.0.0.1', UPLINK.host, UPLINK.host6, '10.4.6.1', ...(driver === 'ipnet' ? ['::1'] : [])])
			await assertAnswers(land.hostPlace, ways(address, 8080), /^web sees /);
		const back = await land.member('back', '-l', 'vnet', '-n', 'back');
		await assertAnswers(back.place, [...ways(UPLINK.host, 8080), ...ways('10.4.7.1', 8080)], /^web sees /);
		await assertSilence(back.place, ways(UPLINK.host6, 8080));
		const near = await land.member('near', '-l', 'vnet', '-n', 'net');
		await assertSilence(near.place, ways(UPLINK.host, 8080));
		await assertAnswers(near.place, ways('10.4.6.10', 80), /^web sees /);
	});

test('a family of which no source is named is for nobody but the host, and without sources everybody may', async () => {
	await land.network(...NET);
	const four = await land.member('four', '-l', 'vnet', '-n', 'net', '-p', '8081:80', ...from('192.0.2.0/24'));
	const all = await land.member('all', '-l', 'vnet', '-n', 'net', '-p', '8082:80', ...from('0.0.0.0/0', '::/0'));
	const open = await land.member('open', '-l', 'vnet', '-n', 'net', '-p', '8083:80');
	for (const [name, { place }] of Object.entries({ four, all, open })) await land.listen(place, name, 'tcp/80');
	const ask = (port: number) => [UPLINK.host, UPLINK.host6].map((address) => ({ address, port }));
	const [v4only, nobody] = ask(8081);
	const questions = [v4only!, { ...nobody!, timeout: SILENCE }, ...[8082, 8083].flatMap(ask)];
	const seen = await land.ask(land.outside.place, ...questions);
	const [v4, v6] = [`sees ${FAR.address}`, `sees ${FAR.address6}`];
	assert.deepEqual(seen, [`four ${v4}`, 'silence', `all ${v4}`, `all ${v6}`, `open ${v4}`, `open ${v6}`]);
	assert.match((await land.ask(land.hostPlace, nobody!))[0] ?? '', /^four sees /);
});

test('a range on one address is guarded there, without rules of its own, and leaves nothing behind', async () => {
	await land.network(...NET);
	const chains = async () =>
		(await land.host.insideOutput('nft', '-s', 'list', 'table', 'inet', 'kleene')).match(/chain|counter/g)?.length;
	await land.member('other', '-l', 'vnet', '-n', 'net', '-p', '9000:80');
	const before = await chains();
	const ports = ['-p', `${UPLINK.interface}:8000-8199:8000-8199`];
	const web = await land.member('web', '-l', 'vnet', '-n', 'net', ...ports, ...from(FAR.address, FAR.address6));
	assert.equal(await chains(), before);
	await land.listen(web.place, 'web', 'tcp/8077');
	const question = (address: string, source: string) => ({ address, port: 8077, source });
	const barred = (address: string, source: string) => ({ ...question(address, source), timeout: SILENCE });
	const out = land.outside.place;
	const asked = [question(UPLINK.host, FAR.address), barred(UPLINK.host, OTHER.address)];
	const asked6 = [question(UPLINK.host6, FAR.address6), barred(UPLINK.host6, OTHER.address6)];
	const expected = [`web sees ${FAR.address}`, 'silence', `web sees ${FAR.address6}`, 'silence'];
	assert.deepEqual(await land.ask(out, ...asked, ...asked6), expected);
	assert.equal((await elements('allowed_sources4')).trim(), `${UPLINK.host} . ${FAR.address} . tcp . 8000-8199`);
	const whole = await ruleset(land.host);
	await land.host.insideOutput('nft', 'flush', 'ruleset');
	await assertRestored(land.host, whole);
	assert.deepEqual(await land.ask(out, ...asked, ...asked6), expected, 'after the ruleset was flushed');
	await land.host.stopDaemon('SIGKILL');
	await land.host.startDaemon();
	assert.deepEqual(await land.ask(out, ...asked, ...asked6), expected, 'with the next daemon');
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
	await land.host.insideOutput('nft', 'flush', 'set', 'inet', 'kleene', 'restricted_ports4');
	const sick = await land.host.klee('network', 'doctor');
	assert.match(sick.stdout, /restricted_ports4/);
	await land.host.klee('network', 'doctor', '--repair');
	assert.deepEqual(await land.ask(out, ...asked), expected.slice(0, 2), 'repaired');
	await land.host.kleeOutput('stop', '-t', '0', 'web');
	for (const set of ['restricted_ports4', 'restricted_ports6', 'allowed_sources4', 'allowed_sources6'])
		assert.equal(await elements(set), '', set);
});

test('inspect shows the sources, trace explains them, and what is none is refused', async () => {
	await land.network(...NET);
	await land.network(...BACK);
	const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '8080:80', ...from(FAR.address, '10.4.7.0/24'));
	await land.listen(web.place, 'web', 'tcp/80');
	await land.member('near', '-l', 'vnet', '-n', 'net', '--ip', '10.4.6.9');
	await land.member('back', '-l', 'ipnet', '-n', 'back', '--ip', '10.4.7.9');
	const { container } = JSON.parse(await land.host.kleeOutput('isc', 'web')) as {
		container: { publish_from: string[] };
	};
	assert.deepEqual(container.publish_from, [`${FAR.address}/32`, '10.4.7.0/24']);
	const cases = [
		[
			'near',
			`${UPLINK.host}:8080`,
			'unreachable',
			/published for 192\.0\.2\.2\/32, 10\.4\.7\.0\/24 only, not for 10\.4\.6\.9/,
		],
		['back', `${UPLINK.host}:8080`, 'reachable', /published ports/],
		['host', `${UPLINK.host}:8080`, 'reachable', /./],
		[FAR.address, `${UPLINK.host}:8080`, 'reachable', /published ports/],
		[OTHER.address, `${UPLINK.host}:8080`, 'unreachable', /only, not for 192\.0\.2\.3/],
		[FAR.address6, `[${UPLINK.host6}]:8080`, 'unreachable', /for no address of this family only/],
	] as const;
	for (const [source, destination, verdict, reason] of cases) {
		const { stdout } = await land.host.klee('network', 'trace', source, destination, '--json');
		const trace = JSON.parse(stdout) as Trace;
		assert.equal(trace.verdict, verdict, `${source} → ${destination}: ${stdout}`);
		assert.match(trace.reason, reason, `${source} → ${destination}`);
	}
	const refused = await land.host.klee('run', ...from('10.0.0.1/8'), '-p', '80', '-l', 'vnet', 'Debian', 'true');
	assert.equal(refused.code, 125);
	assert.match(refused.stderr, /10\.0\.0\.1\/8[\s\S]*without host bits/);
});
