/** Who talks with whom: connections of containers, by names, with what was translated, and packets per endpoint. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { EndpointCounters, Flow, FlowLine } from '#api/observability/traffic.ts';
import { openClient } from '#client/client.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { beginConnection } from '#test/testbed/traffic/connection.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { inPlace, type Place } from '#test/testbed/traffic/place.ts';

let land: Landscape;
let web: Place;
let db: Place;
before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', 'back');
	web = (await land.member('web', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.10', '-p', '8080:80')).place;
	db = (await land.member('db', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.11')).place;
	await land.member('away', '-l', 'ipnet', '-n', 'back', '--ip', '10.4.7.10');
	await land.listen(web, 'web', 'tcp/80');
	await land.listen(land.outside.place, 'far', 'tcp/443', 'udp/53');
	await land.listen(land.hostPlace, 'host', 'tcp/22');
	// From the first look on, connections that begin are counted.
	assert.deepEqual(await land.host.kleeJson('network', 'flows'), []);
});
after(() => land.close());

/** A connection that stays until it is closed. */
async function connected(place: Place, address: string, port: number): Promise<Socket> {
	const socket = new Socket({ fd: inPlace(place, () => beginConnection({ address, port })) });
	socket.on('error', () => {});
	await once(socket, 'data');
	return socket;
}

/** E.g. `tcp web 10.4.6.10 → outside 192.0.2.2:443`. */
function brief({ protocol, source, target }: Flow): string {
	const name = ({ kind, container }: Flow['source']) => container?.name ?? kind;
	return `${protocol} ${name(source)} ${source.address} → ${name(target)} ${target.address}:${target.port}`;
}

test('flows are listed by the names of their ends, whichever way they go', async () => {
	const sockets = [
		await connected(web, FAR.address, 443),
		await connected(land.outside.place, UPLINK.host, 8080),
		await connected(db, '10.4.6.10', 80),
		await connected(land.hostPlace, '10.4.6.10', 80),
		await connected(land.hostPlace, '127.0.0.1', 22),
	];
	try {
		let flows: Flow[] = [];
		await eventually('all are there, and counted', async () => {
			flows = await land.host.kleeJson<Flow[]>('network', 'flows');
			return flows.length >= 4 && flows.every(({ received }) => (received?.bytes ?? 0) > 0);
		});
		assert.deepEqual(flows.map(brief).sort(), [
			'tcp db 10.4.6.11 → web 10.4.6.10:80',
			'tcp host 10.4.6.1 → web 10.4.6.10:80',
			`tcp outside ${FAR.address} → web 10.4.6.10:80`,
			`tcp web 10.4.6.10 → outside ${FAR.address}:443`,
		]);
		const out = flows.find(({ target }) => target.port === 443)!;
		assert.equal(out.sender.address, UPLINK.host, 'NAT');
		assert.equal(out.state, 'established');
		const entering = flows.find(({ source }) => source.address === FAR.address)!;
		assert.deepEqual(entering.destination, { address: UPLINK.host, port: 8080 }, 'published port');
		const within = flows.find(({ source }) => source.container?.name === 'db')!;
		assert.equal(within.source.network?.name, 'front');
		const table = await land.host.kleeOutput('network', 'flows', 'db');
		assert.match(table, /PROTOCOL[\s\S]*tcp +db 10\.4\.6\.11:\d+ +web 10\.4\.6\.10:80/);
		assert.doesNotMatch(table, /outside/);
		assert.equal((await land.host.kleeJson<Flow[]>('network', 'flows', 'back')).length, 0);
		const refused = await land.host.klee('network', 'flows', 'nothing');
		assert.deepEqual([refused.code, /hint: /.test(refused.stderr)], [1, true]);
	} finally {
		for (const socket of sockets) socket.destroy();
	}
});

test('who follows flows is told as they begin and end, with what was counted', async () => {
	const client = openClient({ host: land.host.url });
	const lines: FlowLine[] = [];
	const following = client.observability.followFlows(['web'], async (line) => void lines.push(line)).catch(() => {});
	const told = (type: string, port: number) =>
		lines.flatMap((line) =>
			line.type === type && 'flow' in line && line.flow.target.port === port ? [line.flow] : [],
		);
	try {
		await eventually('the stream has begun', async () => {
			const socket = await connected(web, FAR.address, 443);
			socket.destroy();
			return told('began', 443).length > 0;
		});
		await land.ask(db, { protocol: 'udp', address: FAR.address, port: 53 });
		const socket = await connected(web, FAR.address, 443);
		socket.destroy();
		await eventually(
			'its end',
			() => told('ended', 443).length > 0 || told('changed', 443).some(({ state }) => state === 'closing'),
		);
		assert.ok(told('began', 443).every(({ source }) => source.container?.name === 'web'));
		assert.equal(told('began', 53).length, 0, 'others are left out');
	} finally {
		client.close();
		await following;
	}
});

test('endpoints count what their containers receive and send', async () => {
	const before = await counters();
	await land.ask(db, { address: '10.4.6.10', port: 80 });
	await eventually('packets are counted', async () => {
		const now = await counters();
		const grown = (name: string) => (now.get(name)?.sent_packets ?? 0) - (before.get(name)?.sent_packets ?? 0);
		return grown('db') >= 3 && grown('web') >= 2;
	});
});

async function counters(): Promise<Map<string, EndpointCounters>> {
	const client = openClient({ host: land.host.url });
	try {
		const names = new Map((await client.containers.list({ all: true })).map(({ id, name }) => [id, name ?? '']));
		return new Map((await client.observability.counters()).map((one) => [names.get(one.container_id) ?? '', one]));
	} finally {
		client.close();
	}
}
