/** What containers are told of each other's names where they read them in a file, and that nobody else is bothered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApplyOptions, HostFacts } from '#host/driver.ts';
import { FakeHost } from '#host/fake/driver.ts';
import type { NetworkNamesPart } from '#model/parts/hosts-files.ts';
import type { Step } from '#model/step.ts';
import { Store } from '#store/store.ts';
import { connect, createContainer, EXECUTE, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

class FilesHost extends FakeHost {
	/** One line for each exchange that is about names: whom it tells which names of which network. */
	readonly told: string[] = [];

	override facts(): HostFacts {
		return { ...super.facts(), names: 'hosts-file' };
	}

	override apply(steps: readonly Step[], options: ApplyOptions = {}): Promise<void> {
		const lines = steps.flatMap(({ verb, part }) => (part.kind === 'network-names' ? [this.#line(verb, part)] : []));
		if (lines.length > 0) this.told.push(lines.join('; '));
		return super.apply(steps, options);
	}

	#line(verb: string, { name, entries, members }: NetworkNamesPart): string {
		const names = entries.map((entry) => entry.names[1]).sort();
		return `${verb} ${name} [${names.join(' ')}] in ${members.length}`;
	}

	/** What was told since the last look, when nothing more is on its way. */
	async news(): Promise<string[]> {
		await sleep(20);
		return this.told.splice(0);
	}
}

async function scene() {
	const host = new FilesHost();
	const store = Store.inMemory();
	const fixture = await startEngine(host, store);
	const other = { ...TESTNET_CONFIG, name: 'other', subnet: '10.4.7.0/24' };
	for (const config of [TESTNET_CONFIG, other]) await fixture.engine.networks.create(config, EXECUTE);
	const member = async (name: string, network = 'testnet') => {
		await createContainer(fixture, name);
		await connect(fixture, name, network);
		await start(fixture, name);
	};
	return { fixture, host, store, member };
}

test('a change is one exchange, and tells the members that do not know it yet', async () => {
	const { fixture, host, member } = await scene();
	await member('one');
	await member('elsewhere', 'other');
	assert.deepEqual(await host.news(), [], 'who is alone knows itself from its start');
	await member('two');
	assert.deepEqual(await host.news(), ['make testnet [one two] in 1']);
	await member('three');
	assert.deepEqual(await host.news(), ['make testnet [one three two] in 2']);
	await fixture.engine.containers.stop('one', 0);
	assert.deepEqual(await host.news(), ['make testnet [three two] in 2']);
	await createContainer(fixture, 'stopped');
	await connect(fixture, 'stopped', 'testnet');
	assert.deepEqual(await host.news(), [], 'a stopped member has no address');
});

test('who joins or leaves while it runs is told, too', async () => {
	const { fixture, host, member } = await scene();
	await member('one');
	await member('two', 'other');
	await host.news();
	await connect(fixture, 'two', 'testnet');
	assert.deepEqual(await host.news(), ['make testnet [one two] in 2']);
	await fixture.engine.endpoints.disconnect({ network: 'testnet', container: 'two' }, EXECUTE);
	assert.deepEqual(await host.news(), ['unmake testnet [] in 1; make testnet [one] in 1']);
	const unchanged = { cmd: undefined, user: undefined, env: undefined, jailParam: undefined, persist: undefined };
	await fixture.engine.containers.update('one', { name: 'uno', restartPolicy: undefined, ...unchanged } as never);
	assert.deepEqual(await host.news(), ['make testnet [uno] in 1']);
});

test('a start has the names of its moment, and the store does not keep them', async () => {
	const { fixture, host, store, member } = await scene();
	await member('one');
	await member('two');
	const [file] = [...host.parts.values()].filter((part) => part.kind === 'hosts-file').slice(-1);
	assert.deepEqual(file?.networks[0]?.entries.map(({ names }) => names[1]).sort(), ['one', 'two']);
	const id = fixture.engine.containers.inspect('two').container.id;
	const stored = store.containers.parts(id).find((part) => part.kind === 'hosts-file');
	assert.deepEqual(stored?.networks, []);
});

test('a daemon that starts, or has its host back, tells all of them once', async () => {
	const { fixture, host, store, member } = await scene();
	for (const name of ['one', 'two']) await member(name);
	await member('elsewhere', 'other');
	await host.news();
	host.loseAt = 0;
	await fixture.engine.containers.stop('two', 0).catch(() => {});
	assert.deepEqual(await host.news(), []);
	host.reconnect();
	assert.match(
		(await host.news()).at(-1) ?? '',
		/^make (testnet \[one\]|other \[elsewhere\]) in 1; make \S+ \[\w+\] in 1$/,
	);
	await startEngine(host, store);
	assert.equal((await host.news()).length, 1);
});
