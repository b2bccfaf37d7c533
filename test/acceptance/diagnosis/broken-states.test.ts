/** States of the host in which packets die or take another way: trace says so, as packets do, until it is repaired. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape, type Member } from '#test/testbed/traffic/landscape.ts';
import { FAR, Outside, SECOND, UPLINK, WORLD } from '#test/testbed/traffic/outside.ts';
import { type Place, SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
let app: Member;
let web: Member;
let routed: Member;
const undo: (() => Promise<unknown>)[] = [];

before(async () => {
	land = await Landscape.start();
	await land.outside.haveWorld();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', '--nat6', 'net');
	app = await land.member('app', '-l', 'vnet', '-n', 'net', '-p', '8080:80');
	web = await land.member('web', '-l', 'vnet', '-n', 'net');
	routed = await land.member('routed', '-l', 'ipnet', '-n', 'net');
	await land.listen(land.outside.place, 'world', 'tcp/90');
	for (const [name, { place }] of Object.entries({ app, web, routed })) await land.listen(place, name, 'tcp/80');
});
afterEach(async () => {
	for (const step of undo.splice(0).reverse()) await step();
});
after(async () => {
	await land.clear();
	await land.close();
});

const inside = (place: Place, line: string) => outputOf([...place, ...line.split(' ')]);
const host = (line: string) => land.host.insideOutput(...(line.split(' ') as [string, ...string[]]));

async function traced(source: string, destination: string): Promise<Trace> {
	const { stdout, stderr } = await land.host.klee('network', 'trace', source, destination, '--json');
	assert.notEqual(stdout, '', stderr);
	return JSON.parse(stdout) as Trace;
}

async function reaches(source: string, destination: string): Promise<Trace> {
	const trace = await traced(source, destination);
	assert.equal(trace.verdict, 'reachable', `${source} → ${destination}: ${trace.reason}`);
	return trace;
}

async function misses(source: string, destination: string, reason: RegExp): Promise<void> {
	const trace = await traced(source, destination);
	assert.match(trace.reason, reason, `${source} → ${destination}`);
	assert.equal(trace.reachable, false);
	assert.equal(trace.verdict, 'unreachable', `${source} → ${destination}: ${JSON.stringify(trace.probe)}`);
}

/** The cable at once, which would go with the namespace a moment later. */
async function closeSecond(second: Outside): Promise<void> {
	await host(`ip link delete ${SECOND.near.interface}`);
	await second.close();
}

const whats = ({ hops }: Trace) => hops.map(({ what }) => what).join('\n');
const arrives = async (place: Place, address: string, port: number) =>
	/ sees /.test((await land.ask(place, { address, port, timeout: SILENCE }))[0] ?? '');
const toWorld = (address: string = WORLD.address) => arrives(app.place, address, 90);

/** Questions that all states leave answered once they are repaired. */
async function isHealthy(): Promise<void> {
	for (const [source, destination] of [
		['app', WORLD.address],
		['routed', WORLD.address],
		['app', WORLD.address6],
		['web', 'app:80'],
		['routed', 'app:80'],
		['host', 'app:80'],
		['outside', 'host:8080'],
	] as const)
		await reaches(source, destination);
}

test('in order: everything is reached, and what no ✓ stands for is named', async () => {
	await isHealthy();
	const { not_evaluated: open } = await traced('app', WORLD.address);
	assert.deepEqual(open, [`what is beyond ${FAR.address}: its routes, firewalls and MTU`]);
	assert.deepEqual((await traced('web', 'app:80')).not_evaluated, []);
	assert.ok(await toWorld());
});

test('another default route, and one of a VPN before it: the way and the address that it gives are told', async () => {
	const second = await Outside.behind(land.host.namespace);
	undo.push(() => closeSecond(second));
	await land.listen(second.place, 'second', 'tcp/90');
	const by = async (name: string, destination: string = WORLD.address) =>
		whats(await reaches('app', destination)).includes(`the sender becomes the host, on ${name}`);
	assert.ok(await by('uplink0'));
	await host(`ip route replace default via ${SECOND.far.address}`);
	await eventually('it leaves there', () => by('uplink1'));
	assert.ok(await by('uplink0', WORLD.address6), 'IPv6 by its own way');
	await host(`ip route replace default via ${FAR.address}`);
	for (const half of ['0.0.0.0/1', '128.0.0.0/1']) await host(`ip route add ${half} via ${SECOND.far.address}`);
	await eventually('it leaves by the VPN', () => by('uplink1'));
	await eventually('packets do', () => toWorld());
	for (const half of ['0.0.0.0/1', '128.0.0.0/1']) await host(`ip route delete ${half}`);
	assert.ok(await by('uplink0'));
});

test('a rule of policy routing that refuses what containers send, in both families', async () => {
	for (const family of ['-4', '-6']) await host(`ip ${family} rule add iif kleene0 prohibit pref 50`);
	undo.push(async () => {
		for (const family of ['-4', '-6']) await host(`ip ${family} rule delete pref 50`);
		await isHealthy();
	});
	for (const world of [WORLD.address, WORLD.address6])
		await misses('app', world, /a rule of policy routing refuses what comes in on kleene0/);
	for (const world of [WORLD.address, WORLD.address6]) assert.equal(await toWorld(world), false);
	await reaches('routed', WORLD.address);
});

test('a strict reverse path filter, where the way back is another one', async () => {
	const second = await Outside.behind(land.host.namespace);
	undo.push(() => closeSecond(second));
	await host(`ip route add ${WORLD.address}/32 via ${SECOND.far.address}`);
	await reaches(WORLD.address, 'host:8080');
	await host('sysctl -qw net.ipv4.conf.uplink0.rp_filter=1');
	undo.push(async () => {
		await host('sysctl -qw net.ipv4.conf.uplink0.rp_filter=0');
		await reaches(WORLD.address, 'host:8080');
	});
	await misses(WORLD.address, 'host:8080', /rp_filter on uplink0 is strict, and the way back to 198\.51\.100\.9/);
	await reaches('outside', 'host:8080');
});

test('a foreign table that drops everything at a hook, and one that is not evaluated', async () => {
	const chain = 'add chain inet other f { type filter hook forward priority 5; policy drop; }';
	await land.host.insideOutput('nft', `add table inet other; ${chain}`);
	undo.push(async () => {
		await host('nft delete table inet other');
		await isHealthy();
	});
	for (const source of ['app', 'routed'])
		await misses(source, WORLD.address, /chain f of table inet other drops every packet/);
	await misses('outside', 'host:8080', /chain f of table inet other drops every packet/);
	assert.equal(await toWorld(), false);
	await reaches('host', 'app:80');
	await land.host.insideOutput('nft', 'add rule inet other f ip daddr 198.51.100.0/24 accept');
	const { not_evaluated: open, verdict } = await traced('app', WORLD.address);
	assert.equal(verdict, 'reachable');
	assert.ok(open.includes('chain f of table inet other'), `${open}`);
	const { stdout } = await land.host.klee('network', 'trace', 'app', WORLD.address);
	assert.match(stdout, /model {4}\? arrives, as far as it was evaluated\n {11}\? not evaluated: chain f of table inet/);
	assert.doesNotMatch(stdout, /✓ (arrives|app reaches)/);
});

test('a router that does not answer, and a container that lost its address', async () => {
	await inside(land.outside.place, `ip link set ${FAR.interface} arp off`);
	await host('ip neigh flush dev uplink0');
	undo.push(async () => {
		await inside(land.outside.place, `ip link set ${FAR.interface} arp on`);
		await isHealthy();
	});
	await misses('app', WORLD.address, /nobody on uplink0 answers for 192\.0\.2\.2/);
	assert.equal(await toWorld(), false);
	const { place } = web;
	await inside(place, 'ip address delete 10.4.6.3/24 dev epair0b');
	undo.push(async () => {
		await inside(place, 'ip address add 10.4.6.3/24 dev epair0b');
		await inside(place, 'ip route replace default via 10.4.6.1');
		await reaches('app', '10.4.6.3:80');
	});
	for (const source of ['app', 'host'])
		await misses(source, '10.4.6.3:80', /nobody on kleene0 answers for 10\.4\.6\.3/);
});

test('routes inside of the container that sends', async () => {
	await inside(app.place, 'ip route delete default');
	undo.push(async () => {
		await inside(app.place, 'ip route add default via 10.4.6.1');
		await isHealthy();
	});
	await misses('app', WORLD.address, /app has no route to 198\.51\.100\.9: its routes were changed inside/);
	assert.equal(await toWorld(), false);
});

test('what does not fit is told of: by the kernel to its sender, or by nobody', async () => {
	const fits = async (place: Place, address: string, bytes: number) =>
		(await outputOf([...place, 'sh', '-c', `ping -q -c 1 -W 1 -M do -s ${bytes - 28} ${address} || true`])).includes(
			' 1 received',
		);
	await host('ip link set uplink0 mtu 1300');
	undo.push(() => host('ip link set uplink0 mtu 1500'));
	const shown = whats(await reaches('app', WORLD.address));
	assert.match(shown, /more than 1300 bytes do not fit through uplink0: their sender is told/);
	assert.deepEqual(
		[await fits(app.place, WORLD.address, 1301), await fits(app.place, WORLD.address, 1300)],
		[false, true],
	);
	await host(`ip route replace default via ${FAR.address} mtu lock 1250`);
	undo.push(() => host(`ip route replace default via ${FAR.address}`));
	assert.match(whats(await reaches('app', WORLD.address)), /more than 1250 bytes do not fit through uplink0/);
	await inside(web.place, 'ip link set epair0b mtu 1290');
	undo.push(async () => {
		await inside(web.place, 'ip link set epair0b mtu 1500');
		assert.doesNotMatch(whats(await reaches('host', 'web:80')), /bytes/);
	});
	for (const source of ['host', 'app', 'routed'])
		assert.match(whats(await reaches(source, '10.4.6.3:80')), /more than 1290 bytes are lost at epair0b, and nobody/);
	assert.equal(await fits(app.place, '10.4.6.3', 1400), false);
	assert.doesNotMatch(whats(await reaches('host', 'app:80')), /bytes/);
});

test('a MAC address that two containers have', async () => {
	const [own, other] = await Promise.all(
		[web, app].map(async ({ place }) => /ether (\S+)/.exec(await inside(place, 'ip link show epair0b'))?.[1] ?? ''),
	);
	await inside(web.place, `ip link set epair0b address ${other}`);
	await host('ip neigh flush dev kleene0');
	undo.push(async () => {
		await inside(web.place, `ip link set epair0b address ${own}`);
		await host('ip neigh flush dev kleene0');
		await reaches('host', 'web:80');
	});
	await misses('host', '10.4.6.3:80', /10\.4\.6\.3 answers with .*, the MAC address of app, which gets its frames/);
	await misses('routed', '10.4.6.3:80', /the MAC address of app/);
});

test('rules that are not there: where they would translate, nothing arrives', async () => {
	// With a set of another type the daemon cannot restore them.
	const theirs = 'add table inet kleene; add set inet kleene container_interfaces { type ipv4_addr; }';
	await land.host.insideOutput('nft', `delete table inet kleene; ${theirs}`);
	undo.push(async () => {
		await host('nft delete table inet kleene').catch(() => undefined);
		await eventually('they are restored', async () => (await traced('app', WORLD.address)).reachable);
		await eventually('and packets arrive', () => toWorld());
		assert.ok(await arrives(land.outside.place, UPLINK.host, 8080));
		await isHealthy();
	});
	await misses('app', WORLD.address, /the rules of Kleene are missing on the host: nothing is translated/);
	await misses('outside', 'host:8080', /the rules of Kleene are missing/);
	assert.equal(await toWorld(), false);
	const { not_evaluated: open } = await traced('routed', 'app:80');
	assert.match(open.join(), /the rules of Kleene, which are missing/);
});
