/** Packets as they pass: files that tcpdump and Wireshark read, and readable lines, with names; and ends of captures. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CaptureLine } from '#api/observability/capture.ts';
import { openClient } from '#client/client.ts';
import { CaptureTally } from '#client/observability/capture-tally.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place } from '#test/testbed/traffic/place.ts';
import { readPcapng } from './pcapng-file.ts';

let land: Landscape;
let web: Place;
let db: Place;
before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	web = (await land.member('web', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.10', '-p', '8080:80')).place;
	db = (await land.member('db', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.11')).place;
	await land.listen(web, 'web', 'tcp/80');
});
after(() => land.close());

/** Talks until the capture has what it waits for. */
async function whileTalking<T>(from: Place, port: number, address: string, capture: Promise<T>): Promise<T> {
	let over = false;
	const talking = (async () => {
		while (!over) await land.ask(from, { address, port });
	})();
	try {
		return await capture;
	} finally {
		over = true;
		await talking;
	}
}

test('a file has the packets of all interfaces of a container, with names; tcpdump reads it', async () => {
	const file = join(land.host.folder, 'web.pcapng');
	// More than one connection has: it may begin in the middle of one.
	const captured = land.host.klee('network', 'capture', 'web', 'tcp', 'port', '80', '-c', '30', '-w', file);
	const { code, stdout, stderr } = await whileTalking(db, 80, '10.4.6.10', captured);
	assert.deepEqual([code, stdout], [0, ''], stderr);
	assert.match(stderr, /^30 packets, none dropped; ended: limit of 30 packets$/m);
	const read = readPcapng(readFileSync(file));
	assert.match(read.comment, /capture of container web, filter: tcp port 80/);
	assert.equal(read.names.get('10.4.6.10'), 'web');
	assert.equal(read.names.get('10.4.6.11'), 'db');
	const own = read.interfaces.find(({ name }) => name === 'epair0b');
	assert.match(own?.description ?? '', /network front, 10\.4\.6\.10/);
	assert.equal(read.packets.length, 30);
	assert.ok(read.packets.every((packet) => read.interfaces[packet.interface] === own));
	const lines = await land.host.insideOutput('tcpdump', '-nn', '-r', file);
	assert.match(lines, /10\.4\.6\.11\.\d+ > 10\.4\.6\.10\.80: Flags \[S\]/);
});

test('readable lines have the names of containers; a network is seen from its bridge', async () => {
	const captured = land.host.klee('network', 'capture', 'front', '-c', '30', 'tcp port 80');
	const { code, stdout } = await whileTalking(db, 80, '10.4.6.10', captured);
	assert.equal(code, 0);
	assert.match(stdout, /db\(10\.4\.6\.11\)\.\d+ > web\(10\.4\.6\.10\)\.80: Flags \[S\]/);
	assert.doesNotMatch(stdout, /[^\x20-\x7e\n]/);
});

test('a published port is seen on both sides of the translation', async () => {
	for (const name of ['8080', 'tcp/8080', '8080/tcp']) {
		const captured = land.host.klee('network', 'capture', name, '-c', '40');
		const { stdout } = await whileTalking(land.outside.place, 8080, UPLINK.host, captured);
		assert.match(stdout, new RegExp(`> ${UPLINK.host.replaceAll('.', '\\.')}\\.8080: Flags`), name);
		assert.match(stdout, /epair\d+a +Out IP .* > web\(10\.4\.6\.10\)\.80: Flags/, name);
	}
});

test('limits of time and size end it; a file that is there stays when it is refused', async () => {
	const silent = await land.host.klee('network', 'capture', 'web', 'udp port 9', '--for', '300ms');
	assert.match(silent.stderr, /^0 packets, none dropped; ended: 0\.3 seconds have passed$/m);
	const captured = land.host.klee('network', 'capture', 'web', '--size', '500');
	const { stdout, stderr } = await whileTalking(db, 80, '10.4.6.10', captured);
	assert.match(stderr, /ended: limit of 500 bytes/);
	assert.ok(stdout.length <= 500 && stdout.length > 100);
	const file = join(land.host.folder, 'kept');
	writeFileSync(file, 'kept');
	await refused(/tcpdump says: .*syntax error/, 'web', 'tcp prt 80', '-w', file);
	assert.equal(readFileSync(file, 'utf8'), 'kept');
});

async function refused(text: RegExp, ...words: readonly string[]): Promise<void> {
	const { code, stdout, stderr } = await land.host.klee('network', 'capture', ...words);
	assert.deepEqual([code, stdout], [1, ''], stderr);
	assert.match(stderr, text);
	assert.match(stderr, /hint: /);
	assert.doesNotMatch(stderr, /[^\x20-\x7e\n]/);
}

test('a disk that is full is told as such', async () => {
	// Written to, it says that there is no space (null(4)).
	const captured = land.host.kleeWith({}, 'network', 'capture', 'web', '-c', '6', '-w', '/dev/full');
	const { code, stderr } = await whileTalking(db, 80, '10.4.6.10', captured);
	assert.equal(code, 2, stderr);
	assert.match(stderr, /^error: cannot write to '\/dev\/full'\n {2}why: ENOSPC.*\n hint: .*\n$/);
});

test('a reader that is slow is told how many packets it missed', async () => {
	const client = openClient({ host: land.host.url });
	try {
		const pieces = client.observability.capturePackets({ of: 'front', filter: 'icmp', id: 'cccc-3333' });
		const tally = new CaptureTally();
		const { value } = await pieces.next();
		tally.push(value!);
		await land.host.insideOutput('ping', '-q', '-f', '-c', '4000', '-s', '8000', '10.4.6.10');
		await client.observability.stopCapture('cccc-3333');
		for await (const piece of pieces) tally.push(piece);
		const { packets = 0, dropped = 0, reason } = tally.end ?? {};
		assert.equal(reason, 'stopped');
		assert.ok(packets > 0 && dropped > 0, `${packets} packets, ${dropped} dropped`);
	} finally {
		client.close();
	}
});

test('hostile filters are filters, never options or commands', async () => {
	await refused(/tcpdump says/, 'web', '--', '-z');
	await refused(/tcpdump says/, 'web', '--', '-w', join(land.host.folder, 'written'));
	await refused(/tcpdump says/, 'web', '--', '-r/etc/passwd');
	await refused(/tcpdump says/, 'web', `$(touch ${land.host.folder}/touched)`);
	await refused(/tcpdump says/, 'web', '`id`; id');
	await refused(/parentheses do not match/, 'web', 'tcp) or (udp');
	await refused(/more than 2000 characters/, 'web', 'tcp or '.repeat(400));
	await refused(/printable/, 'web', 'tcp\u001b[2J');
	assert.ok(!readdirSync(land.host.folder).some((name) => name === 'written' || name === 'touched'));
	await refused(/no network has the name/, 'nothing');
	await refused(/no running container publishes/, 'tcp/9');
});

test('it ends with the container, with a word, and is ended by stop', async () => {
	await land.member('brief', '-l', 'vnet', '-n', 'front');
	const client = openClient({ host: land.host.url });
	try {
		const follow = (of: string, id: string) => {
			const lines: CaptureLine[] = [];
			const over = client.observability.captureLines({ of, id }, async (line) => void lines.push(line));
			return { lines, over };
		};
		const [brief, asked] = [follow('brief', 'aaaa-1111'), follow('front', 'bbbb-2222')];
		await eventually('both have begun', async () => {
			await land.ask(db, { address: '10.4.6.10', port: 80 });
			return asked.lines.length > 0 && captures().length === 2;
		});
		await land.host.kleeOutput('stop', 'brief');
		await brief.over;
		const last = brief.lines.at(-1);
		assert.equal(last?.type === 'end' && last.reason, 'container brief has ended');
		await client.observability.stopCapture('bbbb-2222');
		await asked.over;
		const end = asked.lines.at(-1);
		assert.ok(end?.type === 'end' && end.reason === 'stopped' && end.packets > 0);
	} finally {
		client.close();
	}
	await eventually('nothing is left', () => captures().length === 0);
});

test('a client that leaves, and a daemon that is killed, leave no tcpdump behind', async () => {
	const client = openClient({ host: land.host.url });
	const left = client.observability.captureLines({ of: 'web' }, async () => {}).catch(() => {});
	await eventually('it has begun', () => captures().length === 1);
	client.close();
	await left;
	await eventually('it is gone with the client', () => captures().length === 0);
	const other = openClient({ host: land.host.url });
	const cut = other.observability.captureLines({ of: 'web' }, async () => {}).catch((error: Error) => error);
	await eventually('it has begun', () => captures().length === 1);
	const [pid] = captures();
	await land.host.stopDaemon('SIGKILL');
	assert.ok((await cut) instanceof Error);
	other.close();
	await eventually('it is gone with the daemon', () => !existsSync(`/proc/${pid}`));
	await land.host.startDaemon();
});

/** Processes of tcpdump that the daemon of this test has started. */
function captures(): string[] {
	return readdirSync('/proc').filter((pid) => {
		if (!/^\d+$/.test(pid)) return false;
		try {
			const status = readFileSync(`/proc/${pid}/status`, 'utf8');
			if (!status.includes(`\nPPid:\t${land.host.daemonPid}\n`)) return false;
			if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('tcpdump\0')) return false;
			assert.match(status, /^Uid:\s+(?!0\b)\d+/m, 'it has dropped privileges');
			assert.match(status, /^CapEff:\s+0000000000002000$/m, 'CAP_NET_RAW alone');
			return true;
		} catch (error) {
			if (error instanceof assert.AssertionError) throw error;
			return false;
		}
	});
}
