/** Requests that race with the end of a container: they are carried out, or refused because it does not run. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type KleeneClient, openClient } from '#client/client.ts';
import { isKleeneError, messageOf } from '#errors/kleene-error.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

const ROUNDS = 10;
const AGAIN = 5;

let host: TestHost;
let client: KleeneClient;
before(async () => {
	host = await startHostWithImage();
	client = openClient({ host: host.url });
	for (const [name, subnet] of [
		['one', '10.4.6.0/24'],
		['two', '10.4.7.0/24'],
	] as const)
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', subnet, name);
});
after(async () => {
	await client.close();
	await host.close();
});

/** What became of a request: the reason of a refusal, or `done`. */
type Ask = (container: string) => Promise<string>;

/** Requests made again and again while a container ends. @returns what became of them, each once */
async function race(driver: string, asks: readonly Ask[]): Promise<string[]> {
	const outcomes = new Set<string>();
	for (let round = 0; round < ROUNDS; round += 1) {
		const name = `${driver}${round}`;
		const command = ['sleep', `0.${String(round * 4 + 2).padStart(2, '0')}`];
		await host.kleeOutput('run', '-d', '--name', name, '-l', driver, '-n', 'one', host.image, ...command);
		const askAgain = async (one: Ask) => {
			for (let times = 0; times < AGAIN; times += 1) outcomes.add(await one(name));
		};
		await Promise.all(asks.map(askAgain));
		await host.kleeOutput('rmc', '-f', name);
	}
	return [...outcomes].toSorted();
}

/** Code and reason of a refusal. */
async function outcomeOf(request: Promise<unknown>): Promise<string> {
	try {
		await request;
		return 'done';
	} catch (error) {
		return isKleeneError(error) && error.code === 'CONTAINER_NOT_RUNNING' ? error.code : messageOf(error);
	}
}

/** A command in a container that is not to be started for it. */
async function execute({ executions }: KleeneClient, container: string, attach: boolean): Promise<void> {
	const id = await executions.create({
		container_id: container,
		cmd: ['sleep', '0.01'],
		env: [],
		user: '',
		tty: false,
	});
	const config = { exec_id: id, start_container: false, stdin: false };
	if (!attach) return executions.startDetached(config);
	const { finished } = await executions.attach(config, { stdout() {}, stderr() {} });
	await finished;
}

for (const driver of ['vnet', 'ipnet']) {
	test(`commands in a ${driver} container that ends`, async () => {
		const attached: Ask = (name) => outcomeOf(execute(client, name, true));
		const detached: Ask = (name) => outcomeOf(execute(client, name, false));
		const outcomes = await race(driver, [attached, attached, detached]);
		assert.deepEqual(outcomes, ['CONTAINER_NOT_RUNNING', 'done']);
		assert.doesNotMatch(host.log, /"level":[56]0/);
	});

	test(`networks of a ${driver} container that ends, and its stop`, async () => {
		const { networks, containers } = client;
		const outcomes = await race(driver, [
			(name) => outcomeOf(networks.connect({ network: 'two', container: name, ip_address: '<auto>', ip_address6: '' })),
			(name) => outcomeOf(networks.disconnect({ network: 'two', container: name })),
			(name) => outcomeOf(containers.stop(name)),
		]);
		const expected =
			/^(done|CONTAINER_NOT_RUNNING|.*already connected.*|.*not connected.*|endpoint configuration not found)$/;
		assert.deepEqual(
			outcomes.filter((outcome) => !expected.test(outcome)),
			[],
		);
		assert.doesNotMatch(host.log, /"level":[56]0/);
	});
}
