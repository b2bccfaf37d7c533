/** The daemon is killed while it takes something away: the next one takes the rest away, and says so. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
after(() => host.close());

const FILES = 20_000;

test('a container whose many files were being removed is gone, and its files go in the background', async () => {
	// Now and then it is too quick to be killed in the middle of it.
	for (let tries = 0; !(await removeAndKill()); tries += 1) assert.ok(tries < 10, 'it was never killed in time');
});

/** @returns whether it was killed in time */
async function removeAndKill(): Promise<boolean> {
	const script = `mkdir /root/many && cd /root/many && seq ${FILES} | xargs touch`;
	await host.kleeOutput('run', '--name', 'big', 'Debian', '/bin/sh', '-c', script);
	const [{ id }] = (await host.kleeJson<{ id: string }[]>('lsc', '-a')) as [{ id: string }];
	const many = join(host.root, 'containers', id, 'upper/root/many');
	assert.equal(readdirSync(many).length, FILES);
	const removal = host.klee('rmc', 'big');
	await eventually('some are gone', () => !existsSync(many) || readdirSync(many).length < FILES, { every: 1 });
	await host.stopDaemon('SIGKILL');
	await removal;
	const inTime = existsSync(many) && readdirSync(many).length > 0;
	const removed = join(host.root, 'removed');
	await host.startDaemon();
	if (inTime) assert.ok(existsSync(removed), 'the files were moved away');
	// The removal in the background is cut short, too.
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	await eventually('the files are gone', () => !existsSync(removed) || readdirSync(removed).length === 0);
	assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
	assert.deepEqual(readdirSync(join(host.root, 'containers')), []);
	return inTime;
}

/** Asks without waiting for an answer, which may never come. */
function ask(method: string, path: string): void {
	request({ socketPath: host.socket, method, path })
		.on('error', () => {})
		.end();
}

interface Network {
	readonly network_endpoints: readonly { readonly epair: string | null }[];
}

/** Milliseconds between the request and the kill. */
const DELAYS = [0, 1, 2, 3, 4, 5, 6, 7, 15, 30, 60, 120, 240, 480];

test('a container that was being disconnected has a cable that is in the store, or neither', async () => {
	await host.kleeOutput('run', '-d', '-l', 'vnet', '-p', '8080:80', '--name', 'web', 'Debian', 'sleep', '600');
	await host.kleeOutput('network', 'connect', 'testnet', 'web');
	const outcomes = new Set<number>();
	for (const delay of DELAYS) {
		// The longer ones are for a machine so busy that the request had not begun.
		if (delay > 7 && outcomes.has(0)) break;
		ask('POST', '/networks/testnet/disconnect/web');
		await sleep(delay);
		await host.stopDaemon('SIGKILL');
		await host.startDaemon();
		const { network_endpoints: endpoints } = JSON.parse(await host.kleeOutput('isn', 'testnet')) as Network;
		const cables = (await host.insideOutput('ip', '-o', 'link')).match(/epair\d+a/g) ?? [];
		assert.deepEqual(
			cables,
			endpoints.map(({ epair }) => `${epair}a`),
			`killed after ${delay} ms`,
		);
		const doctor = await host.klee('network', 'doctor');
		assert.equal(doctor.code, 0, doctor.stdout);
		outcomes.add(endpoints.length);
		if (endpoints.length === 0) await host.kleeOutput('network', 'connect', 'testnet', 'web');
		assert.match(await host.insideOutput('nft', 'list', 'map', 'inet', 'kleene', 'published_ports4'), /8080/);
	}
	assert.ok(outcomes.has(0), 'it was not killed too early each time');
});
