/** A container that sends with the address of a member of another network, and one that may: it is on both. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { Landscape, type Member } from '#test/testbed/traffic/landscape.ts';
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

const network = (number: number, ...options: readonly string[]) =>
	land.network(
		'-t',
		'bridge',
		...['--subnet', `10.4.${number}.0/24`, '--subnet6', `fd00:4:${number}::/64`],
		...options,
	);
const addresses = (number: number, last: number) => [`10.4.${number}.${last}`, `fd00:4:${number}::${last}`] as const;
const at = (number: number, last: number) => {
	const [four, six] = addresses(number, last);
	return ['--ip', four, '--ip6', six];
};

/** Writes down what comes to a UDP port, and from where. */
async function listen(place: Place, port: number): Promise<Speaker> {
	const ear = new Speaker(
		place,
		`const s = createSocket({ type: 'udp6' }); s.bind(${port}, '::', () => console.log('ready'));
		s.on('message', (m, { address }) => console.log(m + ' from ' + address.replace('::ffff:', '') + '.'));`,
	);
	ears.push(ear);
	await ear.hears('ready');
	return ear;
}

interface Datagram {
	readonly from: string;
	readonly fromPort?: number;
	readonly to: string;
	readonly port: number;
}

/** Sends one, whatever the container's addresses are. One that cannot even leave is no news here. */
async function send(place: Place, text: string, { from, fromPort = 0, to, port }: Datagram): Promise<void> {
	const family = from.includes(':') ? 6 : 4;
	const script = `const s = require('node:dgram').createSocket('udp${family}').on('error', () => process.exit());
		s.bind(${fromPort}, '${from}', () => s.send('${text}', ${port}, '${to}', () => s.close()));`;
	await outputOf([...place, process.execPath, '-e', script]);
}

/** Gives itself an address, as root in a vnet container may. */
async function borrow({ place }: Member, cable: string, address: string): Promise<void> {
	const [prefix, nodad] = address.includes(':') ? [128, ['nodad']] : [32, []];
	await outputOf([...place, 'ip', 'address', 'replace', `${address}/${prefix}`, 'dev', cable, ...nodad]);
}

const pause = () => new Promise((resolve) => setTimeout(resolve, SILENCE));

for (const [driver, cable] of [
	['vnet', 'epair0b'],
	['ipnet', 'kleene0'],
] as const)
	test(`an ${driver} container passes for no member of another network, wherever it sends`, async () => {
		await network(6, 'net');
		await network(7, 'other');
		await network(8, '--internal', 'closed');
		const thief = await land.member('thief', '-l', driver, '-n', 'net', ...at(6, 2));
		const owner = await land.member('owner', '-l', 'vnet', '-n', 'other', ...at(7, 2));
		await land.member('alone', '-l', 'vnet', '-n', 'closed', ...at(8, 2));
		const friends = addresses(7, 2).flatMap((address) => ['--publish-from', address]);
		const web = await land.member('web', '-l', 'vnet', '-n', 'other', ...at(7, 3), '-p', '8080:80/udp', ...friends);
		const [guarded, service] = [await listen(web.place, 80), await listen(land.hostPlace, 5000)];
		const outside = await listen(land.outside.place, 90);
		for (const [index, away] of [FAR.address, FAR.address6].entries()) {
			const [gateway, published] = [addresses(6, 1)[index]!, [UPLINK.host, UPLINK.host6][index]!];
			const [own, theirs, inner] = [addresses(6, 2)[index]!, addresses(7, 2)[index]!, addresses(8, 2)[index]!];
			await send(owner.place, `true${index}`, { from: theirs, fromPort: 4446, to: away, port: 90 });
			await outside.hears(`true${index} from`);
			for (const from of [theirs, inner]) await borrow(thief, cable, from);
			await send(thief.place, 'false', { from: theirs, fromPort: 4446, to: away, port: 90 });
			await send(thief.place, 'false', { from: inner, to: away, port: 90 });
			await send(thief.place, 'false', { from: theirs, to: published, port: 8080 });
			for (const from of [theirs, inner]) await send(thief.place, 'false', { from, to: gateway, port: 5000 });
			// What it sends as itself arrives, and what the owner sends as well.
			await send(thief.place, `own${index}`, { from: own, to: away, port: 90 });
			await send(thief.place, `own${index}`, { from: own, to: gateway, port: 5000 });
			await send(owner.place, `own${index}`, { from: theirs, to: published, port: 8080 });
			for (const ear of [outside, service, guarded]) await ear.hears(`own${index} from`);
		}
		await pause();
		for (const ear of [outside, service, guarded]) assert.doesNotMatch(ear.heard, /false/);
	});

/** Of an ipnet container the kernel takes IPv4 only where the route back is: its cable has no address of the host. */
for (const [driver, families] of [
	['vnet', [0, 1]],
	['ipnet', [1]],
] as const)
	test(`an ${driver} container of several networks answers over any of them, as long as it is on them`, async () => {
		await network(6, 'net');
		await network(7, 'other');
		await network(8, '--internal', 'closed');
		const outside = await listen(land.outside.place, 90);
		const entries = async () => {
			const sets = ['asymmetric_sources4', 'asymmetric_sources6'].map((set) => [
				'nft',
				'list',
				'set',
				'inet',
				'kleene',
				set,
			]);
			const texts = await Promise.all(sets.map((words) => land.host.insideOutput(...words)));
			return texts.join('').match(/" \. /g)?.length ?? 0;
		};
		const both = await land.member('both', '-l', driver, '-n', 'net', ...at(6, 2));
		await land.host.kleeOutput('network', 'connect', ...at(7, 2), 'other', 'both');
		await land.host.kleeOutput('network', 'connect', ...at(8, 2), 'closed', 'both');
		assert.equal(await entries(), 4, 'either address of either family on the network of the other');
		const sayAll = async (place: Place, text: string, number: number) => {
			for (const index of families) {
				const away = [FAR.address, FAR.address6][index]!;
				await send(place, `${text}${index}`, { from: addresses(number, 2)[index]!, to: away, port: 90 });
			}
		};
		await sayAll(both.place, 'live', 7);
		for (const index of families) await outside.hears(`live${index} from`);
		await land.host.stopDaemon('SIGKILL');
		await land.host.startDaemon();
		await land.host.kleeOutput('stop', '-t', '0', 'both');
		assert.equal(await entries(), 0);
		await land.host.kleeOutput('start', '-d', 'both');
		const again = await land.of('both');
		await sayAll(again.place, 'again', 7);
		for (const index of families) await outside.hears(`again${index} from`);
		// An internal network stays within itself.
		await sayAll(again.place, 'inner', 8);
		await land.host.insideOutput('nft', 'flush', 'set', 'inet', 'kleene', 'asymmetric_sources6');
		assert.match((await land.host.klee('network', 'doctor')).stdout, /asymmetric_sources6/);
		await land.host.klee('network', 'doctor', '--repair');
		assert.equal(await entries(), 4);
		await land.host.kleeOutput('network', 'disconnect', 'other', 'both');
		assert.equal(await entries(), 0);
		for (const address of addresses(7, 2)) await borrow(again, 'lo', address);
		await sayAll(again.place, 'former', 7);
		await pause();
		assert.doesNotMatch(outside.heard, /inner|former/);
		assert.equal((await land.host.klee('network', 'doctor')).code, 0);
	});

test('members of a network on which the host has no address reach each other all the same', async () => {
	for (const [number, ...options] of [[6], [7, '--internal']] as const)
		await network(number, '--gw', '', '--gw6', '', ...options, `net${number}`);
	for (const number of [6, 7]) {
		const web = await land.member(`web${number}`, '-l', 'vnet', '-n', `net${number}`, ...at(number, 2));
		await land.listen(web.place, 'web', 'tcp/80');
		const { place } = await land.member(`asks${number}`, '-l', 'vnet', '-n', `net${number}`, ...at(number, 3));
		const questions = addresses(number, 2).map((address) => ({ address, port: 80 }));
		assert.deepEqual(
			await land.ask(place, ...questions),
			addresses(number, 3).map((address) => `web sees ${address}`),
		);
	}
});
