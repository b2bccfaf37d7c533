/** Containers that are created, connected and started in one piece: all of it, or nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRequest } from '#engine/operations/container/new-containers.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { addressesOf } from '#model/endpoint.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { createContainer, EXECUTE, onHost, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

const DETACHED = { attach: false } as const;
const VOLUME = { type: 'volume', source: 'data', destination: '/srv', readOnly: false } as const;
const PORT = { interfaces: [], hostPort: '8080', containerPort: '80', protocol: 'tcp' } as const;

function request(networks = ['testnet', 'second']): RunRequest {
	const lists = { cmd: ['/bin/true'], env: [], mounts: [VOLUME], jailParam: [], publicPorts: [PORT], publishFrom: [] };
	const how = { networkDriver: 'vnet', restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
	return {
		container: { name: 'web', image: 'Base', user: '', ...lists, ...how },
		joinings: networks.map((network) => ({ network, ipAddress: '<auto>', ipAddress6: '' })),
		command: { cmd: [], user: '', env: [], tty: false, stdin: false },
	};
}

async function networks(): Promise<Fixture> {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	await fixture.engine.networks.create({ ...TESTNET_CONFIG, name: 'second', subnet: '10.4.7.0/24' }, EXECUTE);
	return fixture;
}

const run = ({ engine }: Fixture, on?: string[]) => engine.newContainers.run(request(on), DETACHED, () => {});

async function everything(fixture: Fixture) {
	const { engine, store } = fixture;
	const containers = await engine.containers.list(true);
	const members = engine.networks.list().map(({ id }) => store.endpoints.ofNetwork(id));
	return {
		containers,
		members,
		volumes: engine.volumes.list(),
		journal: store.journal.unfinished(),
		host: onHost(fixture),
	};
}

test('a run that fails at any step leaves nothing on the host or in the store, and the next one gets the same', async () => {
	for (let step = 0; ; step += 1) {
		const fixture = await networks();
		const before = await everything(fixture);
		const events = fixture.engine.events.subscribe();
		fixture.host.failAt = step;
		const outcome = await run(fixture).catch((error: unknown) => error);
		if (!(outcome instanceof Error)) {
			assert.ok(step > 15, `${step} steps`);
			return;
		}
		assert.ok(isKleeneError(outcome) && outcome.code === 'HOST_FAILED', String(outcome));
		assert.deepEqual(await everything(fixture), before, `step ${step}`);
		fixture.host.failAt = Number.POSITIVE_INFINITY;
		await run(fixture);
		const { endpoints, running } = fixture.engine.containers.inspect('web');
		const got = endpoints.map((endpoint) => [endpoint.epair, ...addressesOf(endpoint)]);
		assert.deepEqual([running, ...got], [true, [0, '10.4.6.2'], [1, '10.4.7.2']]);
		events.close();
		const told = [];
		for await (const { kind } of events) told.push(kind);
		const created = ['volume-created', 'container-created', 'endpoint-connected', 'endpoint-connected'];
		assert.deepEqual(told, [...created, 'container-started'], `step ${step}: of the failed one nothing is told`);
	}
});

test('a run whose process cannot be started leaves nothing either', async () => {
	const fixture = await networks();
	const before = await everything(fixture);
	fixture.host.startsNothing = true;
	await assert.rejects(run(fixture), { code: 'HOST_FAILED' });
	assert.deepEqual(await everything(fixture), before);
});

test('a run that loses its host at any step is undone when the host is back', async () => {
	for (let step = 0; ; step += 3) {
		const fixture = await networks();
		const before = await everything(fixture);
		fixture.host.loseAt = step;
		const outcome = await run(fixture).catch((error: unknown) => error);
		if (!(outcome instanceof Error)) return;
		assert.ok(isKleeneError(outcome) && outcome.code === 'HOST_UNREACHABLE', String(outcome));
		fixture.host.reconnect();
		await eventually('the plan is settled', () => fixture.store.journal.unfinished().length === 0);
		assert.deepEqual(await everything(fixture), before, `step ${step}`);
		await run(fixture);
	}
});

test('a creation that cannot connect leaves no container', async () => {
	const fixture = await networks();
	const before = await everything(fixture);
	const { container, joinings } = request(['testnet', 'nosuch']);
	const message = 'could not connect container: network not found';
	await assert.rejects(fixture.engine.newContainers.create(container, joinings), { message });
	const taken = [{ network: 'testnet', ipAddress: '10.4.6.1', ipAddress6: '' }];
	await assert.rejects(fixture.engine.newContainers.create(container, taken), { code: 'ADDRESS_TAKEN' });
	assert.deepEqual(await everything(fixture), before);
	await fixture.engine.newContainers.create(container, request().joinings);
	assert.equal(fixture.engine.containers.inspect('web').endpoints.length, 2);
});

test('a network that is removed during a run has no member left', async () => {
	const fixture = await networks();
	const running = run(fixture, ['second']);
	const removal = fixture.engine.networks.remove('second', EXECUTE);
	await Promise.all([running, removal]);
	const { endpoints, running: runs } = fixture.engine.containers.inspect('web');
	assert.deepEqual([runs, endpoints], [true, []]);
	assert.ok(!onHost(fixture).some((part) => part.includes('epair')));
});

test('a port of SCTP is published where the host can, and refused with its reason where it cannot', async () => {
	const port = { ...PORT, protocol: 'sctp' } as const;
	await createContainer(await startEngine(), 'web', 'vnet', [], [port]);
	const sctpRefusal = { reason: 'the kernel has no SCTP', hint: 'load it' };
	const unable = await startEngine(new FakeHost({ sctpRefusal }));
	await assert.rejects(async () => createContainer(unable, 'web', 'vnet', [], [port]), {
		code: 'UNSUPPORTED_HERE',
		what: 'cannot publish port 8080/sctp',
		why: 'the kernel has no SCTP',
	});
	assert.deepEqual(await unable.engine.containers.list(true), []);
});
