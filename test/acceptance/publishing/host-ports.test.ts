/** Ports that processes of the host wait on are not taken away from them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { assertRestored, ruleset } from '#test/testbed/ruleset.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const NET = ['-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'net'];

async function state(): Promise<string> {
	const rules = await land.host.insideOutput('nft', '--stateless', 'list', 'ruleset');
	const links = await land.host.insideOutput('ip', '-o', 'link');
	return [rules, ...[...links.matchAll(/^\d+: (\S+):/gm)].map(([, name]) => name)].join('\n');
}

test('a port that the host itself uses is refused by name, before anything changes', async () => {
	await land.network(...NET);
	await land.listen(land.hostPlace, 'host', 'tcp/8080', 'udp/8081');
	const before = await state();
	for (const [publish, port] of [
		['8080:80', '8080/tcp'],
		['8081:80/udp', '8081/udp'],
		['8000-8199:8000-8199', '8080/tcp'],
		['127.0.0.1:8080:80', '8080/tcp'],
		[`[${UPLINK.host6}]:8080:80`, '8080/tcp'],
	] as const) {
		const refused = await land.host.klee(
			'run',
			'--name',
			'web',
			'-l',
			'vnet',
			'-n',
			'net',
			'-p',
			publish,
			'Debian',
			'true',
		);
		assert.equal(refused.code, 125, publish);
		const text = refused.stdout + refused.stderr;
		assert.match(text, new RegExp(`cannot publish port ${port}(.|\\n)*the host uses it(.|\\n)*ss -lnp`), publish);
		assert.equal(await state(), before, publish);
	}
	const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '8080:80/udp', '-p', '8081:80');
	await land.listen(web.place, 'web', 'tcp/80');
	const seen = await land.ask(land.outside.place, ...[8080, 8081].map((port) => ({ address: UPLINK.host, port })));
	assert.deepEqual(seen, [`host sees ${FAR.address}`, `web sees ${FAR.address}`]);
});

test('what waits on one address is in the way there and on every address, and nowhere else', async () => {
	await land.network(...NET);
	const talk = land.host.inside('sh', '-c', 'exec timeout 60 nc -lk 127.0.0.1 8080');
	try {
		const waiting = () => land.host.insideOutput('ss', '-Hltn');
		await eventually('nc listens', async () => (await waiting()).includes(':8080'));
		const every = await land.host.klee('run', '-l', 'vnet', '-n', 'net', '-p', '8080:80', 'Debian', 'true');
		assert.match(every.stdout + every.stderr, /listens on 127\.0\.0\.1:8080(.|\n)*an address of the host that is free/);
		const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', `${UPLINK.host}:8080:80`);
		await land.listen(web.place, 'web', 'tcp/80');
		assert.deepEqual(await land.ask(land.outside.place, { address: UPLINK.host, port: 8080 }), [
			`web sees ${FAR.address}`,
		]);
	} finally {
		await land.host.inside('sh', '-c', "kill $(ss -Hltnp 'sport = :8080' | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p')");
		await talk;
	}
});

test('a container that runs keeps a port that a process of the host takes later, over flushes and daemons', async () => {
	await land.network(...NET);
	const web = await land.member('web', '-l', 'ipnet', '-n', 'net', '-p', '8080:80');
	await land.listen(web.place, 'web', 'tcp/80');
	await land.listen(land.hostPlace, 'host', 'tcp/8080');
	const question = { address: UPLINK.host, port: 8080 };
	const ask = () => land.ask(land.outside.place, question);
	await land.host.stopDaemon('SIGKILL');
	await land.host.startDaemon();
	assert.deepEqual(await ask(), [`web sees ${FAR.address}`]);
	const whole = await ruleset(land.host);
	await land.host.insideOutput('nft', 'flush', 'ruleset');
	await assertRestored(land.host, whole);
	assert.deepEqual(await ask(), [`web sees ${FAR.address}`], 'restored');
	await land.host.kleeOutput('stop', '-t', '0', 'web');
	assert.deepEqual(await ask(), [`host sees ${FAR.address}`]);
	const refused = await land.host.klee('start', '-d', 'web');
	assert.match(refused.stdout + refused.stderr, /the host uses it/);
});
