/** A flush of the host's firewall comes in the middle of everything: what is to be there comes back, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeHost } from '#host/fake/driver.ts';
import type { Part } from '#model/part.ts';
import type { Step } from '#model/step.ts';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

const OTHER_CONFIG = { ...TESTNET_CONFIG, name: 'other', subnet: '10.4.7.0/24' };
const FILTERS: readonly Part['kind'][] = ['network-filter', 'filter-member', 'published-ports'];

function filters({ host }: Pick<Fixture, 'host'>): string[] {
	return [...host.parts].flatMap(([identity, { kind }]) => (FILTERS.includes(kind) ? [identity] : [])).sort();
}

function flush(host: FakeHost): void {
	for (const identity of filters({ host })) host.parts.delete(identity);
	host.tell({ kind: 'firewall-changed' });
}

/** What follows an event goes on by itself; nothing here waits for a clock. */
async function turns(count = 50): Promise<void> {
	for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** `web` on `testnet` publishes a port; `far` is on `other`. */
async function startWithTwo() {
	const fixture = await startEngine();
	for (const config of [TESTNET_CONFIG, OTHER_CONFIG]) await fixture.engine.networks.create(config, EXECUTE);
	const port = { interfaces: [], hostPort: '8080', containerPort: '80', protocol: 'tcp' } as const;
	await createContainer(fixture, 'web', 'ipnet', [], [port]);
	await createContainer(fixture, 'far', 'ipnet');
	await connect(fixture, 'web', 'testnet');
	await connect(fixture, 'far', 'other');
	return fixture;
}

/** After the first such step the host is busy until `goOn` is called. `reached` is when it was done. */
function holdAfter({ host }: Fixture, verb: Step['verb'], kind: Part['kind']) {
	const apply = host.apply.bind(host);
	const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
	host.apply = async (steps, options) => {
		const at = steps.findIndex((step) => step.verb === verb && step.part.kind === kind);
		if (at === -1) return apply(steps, options);
		host.apply = apply;
		await apply(steps.slice(0, at + 1), options);
		reached.resolve();
		await gate.promise;
		await apply(steps.slice(at + 1), options);
	};
	return { reached: reached.promise, goOn: gate.resolve };
}

test('after a flush all is back', async () => {
	const fixture = await startWithTwo();
	for (const name of ['web', 'far']) await start(fixture, name);
	const [whole, before] = [filters(fixture), onHost(fixture)];
	assert.equal(whole.length, 5, 'two networks, two members, a port');
	flush(fixture.host);
	await turns();
	assert.deepEqual([filters(fixture), onHost(fixture)], [whole, before]);
});

/** The rules are lost at the moment at which the work is held, and the work goes on when they could be back. */
async function flushMeanwhile(
	{ host }: Fixture,
	{ reached, goOn }: ReturnType<typeof holdAfter>,
	work: Promise<unknown>,
): Promise<void> {
	await reached;
	flush(host);
	await turns();
	goOn();
	await work;
	await turns();
}

test('a container that is being stopped gets no rules that nobody would take away', async () => {
	const fixture = await startWithTwo();
	const stopped = onHost(fixture);
	await start(fixture, 'web');
	const held = holdAfter(fixture, 'unmake', 'published-ports');
	const stopping = fixture.engine.containers.stop('web', 0);
	await flushMeanwhile(fixture, held, stopping);
	assert.deepEqual(onHost(fixture), stopped);
});

test('a container that is being started has its rules when it runs', async () => {
	const fixture = await startWithTwo();
	const held = holdAfter(fixture, 'make', 'published-ports');
	const starting = start(fixture, 'web');
	await held.reached;
	const whole = filters(fixture);
	await flushMeanwhile(fixture, held, starting);
	assert.deepEqual(filters(fixture), whole);
});

test('a network that is being removed gets no rules that nobody would take away', async () => {
	const fixture = await startWithTwo();
	await fixture.engine.networks.remove('other', EXECUTE);
	const without = onHost(fixture);
	await fixture.engine.networks.create(OTHER_CONFIG, EXECUTE);
	const held = holdAfter(fixture, 'unmake', 'network-filter');
	const removal = fixture.engine.networks.remove('other', EXECUTE);
	await flushMeanwhile(fixture, held, removal);
	assert.deepEqual(onHost(fixture), without);
});

test('what takes its time holds nobody up: neither a container, nor a network that waits for it', async () => {
	const fixture = await startWithTwo();
	const { engine, host } = fixture;
	await start(fixture, 'far');
	const rest = filters(fixture);
	await start(fixture, 'web');
	const { reached, goOn } = holdAfter(fixture, 'unmake', 'sandbox');
	const stopping = engine.containers.stop('web', 0);
	await reached;
	const disconnecting = engine.endpoints.disconnect({ container: 'web', network: 'testnet' }, EXECUTE);
	for (const time of ['first', 'second']) {
		flush(host);
		await turns();
		assert.deepEqual(filters(fixture), rest, `${time} time`);
	}
	goOn();
	await Promise.all([stopping, disconnecting]);
	await turns();
	assert.deepEqual(filters(fixture), rest);
	await engine.networks.create({ ...OTHER_CONFIG, name: 'third', subnet: '10.4.8.0/24' }, EXECUTE);
});
