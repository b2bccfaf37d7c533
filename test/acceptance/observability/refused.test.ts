/** Refused packets as they happen: real packets, named by container, network, rule and the change that would allow them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Refusal, RefusalLine } from '#api/observability/refusals.ts';
import { openClient } from '#client/client.ts';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place } from '#test/testbed/traffic/place.ts';

let land: Landscape;
let web: Place;
let far: Place;
const listener = { lines: [] as RefusalLine[], stop: async () => {} };
before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', '--internal', 'back');
	await land.network('-t', 'bridge', '--subnet', '10.4.8.0/24', '--icc', 'false', 'apart');
	web = (
		await land.member(
			'web',
			'-l',
			'vnet',
			'-n',
			'front',
			'--ip',
			'10.4.6.10',
			'-p',
			'8080:80',
			'--publish-from',
			'203.0.113.0/24',
		)
	).place;
	far = land.outside.place;
	await land.member('db', '-l', 'ipnet', '-n', 'back', '--ip', '10.4.7.10');
	await land.member('one', '-l', 'ipnet', '-n', 'apart', '--ip', '10.4.8.10');
	await land.member('two', '-l', 'ipnet', '-n', 'apart', '--ip', '10.4.8.11');
	await land.listen(web, 'web', 'tcp/80');
	await outputOf([...far, 'ip', 'route', 'add', '10.4.0.0/16', 'via', UPLINK.host]);
	await listen();
});
after(async () => {
	await listener.stop();
	await land.close();
});

async function listen(): Promise<void> {
	const client = openClient({ host: land.host.url });
	const ended = client.observability.followRefused([], async (line) => void listener.lines.push(line)).catch(() => {});
	listener.stop = async () => {
		client.close();
		await ended;
	};
	await eventually('the stream is ready', () => listener.lines.some(({ type }) => type === 'ready'));
}

function refusals(): Refusal[] {
	return listener.lines.flatMap((line) => (line.type === 'refused' ? [line.refusal] : []));
}

/** E.g. `reject networks-apart tcp web 10.4.6.10 → two 10.4.8.11:80`. */
function brief({ verdict, reason, protocol, source, target }: Refusal): string {
	const name = ({ kind, container }: Refusal['source']) => container?.name ?? kind;
	return `${verdict} ${reason} ${protocol} ${name(source)} ${source.address} → ${name(target)} ${target.address}:${target.port}`;
}

async function seen(expected: string): Promise<Refusal> {
	let found: Refusal | undefined;
	await eventually(expected, () => {
		found = refusals().find((one) => brief(one) === expected);
		return found !== undefined;
	});
	return found ?? assert.fail(expected);
}

test('each refusal is reported with its rule, the containers and a way to allow it', async () => {
	const [db, one] = [(await land.of('db')).place, (await land.of('one')).place];
	void land.ask(web, { address: '10.4.8.11', port: 81 }, { address: '10.4.7.10', port: 82 });
	void land.ask(db, { address: FAR.address, port: 83 }, { address: '10.4.7.1', port: 84 });
	void land.ask(one, { address: '10.4.8.11', port: 85 });
	void land.ask(far, { address: '10.4.6.10', port: 80 }, { address: UPLINK.host, port: 8080 });
	const apart = await seen('reject networks-apart tcp web 10.4.6.10 → two 10.4.8.11:81');
	assert.equal(apart.change, 'klee network connect apart web');
	assert.deepEqual([apart.source.network?.name, apart.target.network?.name], ['front', 'apart']);
	assert.deepEqual([apart.direction, apart.arrived !== null, apart.leaving !== null], ['between', true, true]);
	assert.match(apart.rule, /front and apart reach each other by published ports only/);
	await seen('reject enters-internal tcp web 10.4.6.10 → db 10.4.7.10:82');
	const out = await seen(`reject leaves-internal tcp db 10.4.7.10 → outside ${FAR.address}:83`);
	assert.equal(out.direction, 'out');
	await seen('reject host-closed tcp db 10.4.7.10 → host 10.4.7.1:84');
	await seen('reject icc-off tcp one 10.4.8.10 → two 10.4.8.11:85');
	const entering = await seen(`drop outside-apart tcp outside ${FAR.address} → web 10.4.6.10:80`);
	assert.equal(entering.direction, 'in');
	const denied = await seen(`drop source-refused tcp outside ${FAR.address} → web ${UPLINK.host}:8080`);
	assert.match(denied.change, /publish-from/);
});

test('a port where nobody listens is no refusal, and names select', async () => {
	const host = land.hostPlace;
	assert.deepEqual(await land.ask(host, { address: '10.4.6.10', port: 99 }), ['ECONNREFUSED']);
	const lines: RefusalLine[] = [];
	const client = openClient({ host: land.host.url });
	const ended = client.observability.followRefused(['db'], async (line) => void lines.push(line)).catch(() => {});
	try {
		await eventually('ready', () => lines.length > 0);
		void land.ask(web, { address: '10.4.8.11', port: 86 }, { address: '10.4.7.10', port: 87 });
		await eventually('its own', () => lines.some((line) => line.type === 'refused' && line.refusal.target.port === 87));
		await seen('reject networks-apart tcp web 10.4.6.10 → two 10.4.8.11:86');
		assert.ok(!lines.some((line) => line.type === 'refused' && line.refusal.target.port === 86));
	} finally {
		client.close();
		await ended;
	}
	assert.ok(!refusals().some(({ target }) => target.port === 99));
	const refused = await land.host.klee('network', 'flows', '--refused', 'nothing');
	assert.deepEqual([refused.code, /hint: /.test(refused.stderr)], [1, true]);
});

test('a spoofed source is reported with the network that it came from', async () => {
	await outputOf([...web, 'ip', 'address', 'add', '10.99.0.1/32', 'dev', 'epair0b']).catch(async () => {
		const links = await outputOf([...web, 'ip', '-o', 'link']);
		assert.fail(links);
	});
	void land.ask(web, { protocol: 'udp', address: FAR.address, port: 88, source: '10.99.0.1' });
	const spoofed = await seen(`drop foreign-source udp outside 10.99.0.1 → outside ${FAR.address}:88`);
	assert.equal(spoofed.source.network?.name, 'front');
});

test('a flood is told by its number, and the rules report only while somebody listens', async () => {
	const send = `python3 - <<'E'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(5000):
    try: s.sendto(b'x', ('10.4.8.11', 1000 + n % 300))
    except OSError: pass
E`;
	await outputOf([...web, 'sh', '-c', send]);
	const flooding = () =>
		refusals()
			.filter(({ target, protocol }) => protocol === 'udp' && target.address === '10.4.8.11')
			.reduce((sum, { packets }) => sum + packets, 0);
	const unshown = () => listener.lines.reduce((sum, line) => sum + (line.type === 'unshown' ? line.packets : 0), 0);
	await eventually('all are accounted for', () => unshown() + flooding() >= 4000);
	assert.ok(unshown() > flooding());
	const rules = () => outputOf([...land.hostPlace, 'nft', 'list', 'table', 'inet', 'kleene']);
	assert.match(await rules(), /log prefix "kleene: reject networks-apart" group \d+/);
	const doctor = await land.host.klee('doctor');
	assert.doesNotMatch(doctor.stdout + doctor.stderr, /chain|rule/);
	await listener.stop();
	await eventually('nobody listens', async () => !/log prefix/.test(await rules()));
	await listen();
	assert.match(await rules(), /log prefix/);
});
