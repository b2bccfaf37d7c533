/** Flows that began while rules were missing: they must not go on as they began once the rules are there again. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	// Another firewall keeps the kernel tracking connections, whatever becomes of ours.
	const own = 'add table inet own; add chain inet own c { type filter hook forward priority 0; }';
	await land.host.insideOutput('nft', `${own}; add rule inet own c ct state established counter accept`);
});
after(async () => {
	await land.host.insideOutput('nft', 'delete', 'table', 'inet', 'own');
	await land.close();
});
afterEach(() => land.clear());

/** Sends from one port again and again, and prints what it hears. */
const SENDER = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (data) => process.stdout.write(data + '\\n'));
socket.on('error', () => undefined);
setInterval(() => socket.send('?', Number(process.argv[2]), process.argv[1], () => undefined), 30);
`;

class Sender {
	heard = '';
	readonly #child: ChildProcess;

	constructor([file = '', ...words]: Place, address: string, port: number) {
		const args = [...words, process.execPath, '-e', SENDER, address, `${port}`];
		this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
		this.#child.stdout?.on('data', (data: Buffer) => {
			this.heard += data.toString();
		});
	}

	async stop(): Promise<void> {
		const ended = once(this.#child, 'exit');
		this.#child.kill('SIGKILL');
		await ended;
	}
}

async function tracked(text: string): Promise<boolean> {
	return (await land.host.insideOutput('cat', '/proc/net/nf_conntrack'))
		.split('\n')
		.some((line) => line.includes(text));
}

for (const driver of ['vnet', 'ipnet'])
	test(`a flow of an ${driver} container that began without rules is translated, refused or goes on as the rules say`, async () => {
		for (const [number, ...options] of [['6'], ['7'], ['8', '--internal']])
			await land.network('-t', 'bridge', '--subnet', `10.4.${number}.0/24`, ...options, `net${number}`);
		const [app, other, closed] = [
			await land.member('app', '-l', driver, '-n', 'net6'),
			await land.member('other', '-l', driver, '-n', 'net7'),
			await land.member('closed', '-l', driver, '-n', 'net8'),
		];
		await land.listen(land.outside.place, 'outside', 'udp/90');
		await land.listen(other.place, 'other', 'udp/90');
		await land.host.stopDaemon();
		await land.host.insideOutput('nft', 'delete', 'table', 'inet', 'kleene');
		const senders = [
			new Sender(app.place, FAR.address, 90),
			new Sender(app.place, '10.4.7.2', 90),
			new Sender(closed.place, FAR.address, 90),
		];
		const [out, across] = senders as [Sender, Sender, Sender];
		try {
			await eventually('they began', async () => {
				const all = [`src=10.4.6.2 dst=${FAR.address}`, 'src=10.4.6.2 dst=10.4.7.2', `src=10.4.8.2 dst=${FAR.address}`];
				return (await Promise.all(all.map(tracked))).every(Boolean) && across.heard !== '';
			});
			await land.host.startDaemon();
			await eventually('it is translated', () => out.heard.includes(`outside sees ${UPLINK.host}`), { within: 5000 });
			const silent = async () => {
				const before = across.heard;
				await new Promise((resolve) => setTimeout(resolve, 300));
				return across.heard === before;
			};
			await eventually('the two networks are apart', silent, { within: 5000 });
			assert.equal(await tracked(`src=10.4.8.2 dst=${FAR.address}`), false, 'nothing leaves an internal network');
		} finally {
			for (const sender of senders) await sender.stop();
		}
	});
