/** Dry runs of running, starting and stopping containers: the plan of the real thing, and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRequest } from '#engine/operations/container/creations.ts';
import type { RunRequest } from '#engine/operations/container/new-containers.ts';
import type { KleeneError } from '#errors/kleene-error.ts';
import { addressesOf } from '#model/endpoint.ts';
import { identityOf } from '#model/part.ts';
import type { PublishedPort } from '#model/port.ts';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

const COMMAND = { cmd: [], user: '', env: [], tty: false, stdin: false };
const VOLUME = { type: 'volume', source: 'data', destination: '/srv', readOnly: false } as const;
const web = (hostPort: string): PublishedPort => ({ interfaces: [], hostPort, containerPort: '80', protocol: 'tcp' });

function container(changes: Partial<ContainerRequest> = {}): ContainerRequest {
	const lists = { cmd: ['/bin/true'], env: [], mounts: [], jailParam: [], publicPorts: [], publishFrom: [] };
	const how = { networkDriver: 'vnet', restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
	return { name: 'dry', image: 'Base', user: '', ...lists, ...how, ...changes };
}

const on = (network: string, ipAddress = '<auto>') => ({ network, ipAddress, ipAddress6: '<auto>' });

function runRequest(changes: Partial<ContainerRequest>, joining = on('testnet')): RunRequest {
	return { container: container(changes), command: COMMAND, joinings: [joining] };
}

/** What a dry run must not change: all that the store and the host can be asked for. */
async function everything({ engine, host, store }: Fixture) {
	const containers = await engine.containers.list(true);
	const networks = engine.networks.list().map(({ id }) => engine.networks.inspect(id));
	const parts = containers.map((view) => store.containers.parts(view.container.id));
	const hints = networks.map(({ network }) => store.networks.hint(network.id, 4));
	const rest = [engine.volumes.list(), store.journal.unfinished(), store.endpoints.epairs(), host.applied.length];
	return { containers, networks, parts, hints, rest, host: [...host.parts.values()] };
}

async function network(): Promise<Fixture> {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	return fixture;
}

/** Ids are new every time. */
const withoutIds = (lines: readonly string[]) => lines.map((line) => line.replace(/\b[0-9a-f]{12}\b/g, 'ID'));

/** What the host was asked to do meanwhile. */
async function asked({ host }: Fixture, action: () => Promise<unknown>): Promise<string[]> {
	const before = host.applied.length;
	await action();
	return withoutIds(host.applied.slice(before));
}

async function runForReal({ engine }: Fixture, request: RunRequest): Promise<void> {
	await engine.newContainers.run(request, { attach: false }, () => {});
}

test('a run, a start and a stop do what their dry runs said, each time as if there had been none', async () => {
	const fixture = await network();
	const request = runRequest({ mounts: [VOLUME], publicPorts: [web('8080')], bandwidth: 1_000_000 });
	const before = await everything(fixture);
	const plans = [await fixture.engine.newContainers.plan(request), await fixture.engine.newContainers.plan(request)];
	assert.deepEqual(await everything(fixture), before);
	const done = await asked(fixture, () => runForReal(fixture, request));
	assert.ok(done.includes('make volume-files data') && done.includes('make epair epair0'), done.join('\n'));
	for (const plan of plans) assert.deepEqual(withoutIds(plan), done);

	const running = await everything(fixture);
	const stop = await fixture.engine.containers.describeStop('dry');
	assert.deepEqual(await everything(fixture), running);
	assert.deepEqual(await asked(fixture, () => fixture.engine.containers.stop('dry', 0)), withoutIds(stop));

	const stopped = await everything(fixture);
	const again = await fixture.engine.executions.plan({ ...COMMAND, container: 'dry' });
	assert.deepEqual(await everything(fixture), stopped);
	assert.deepEqual(await asked(fixture, () => start(fixture, 'dry')), withoutIds(again));
});

test('what a dry run takes is free at once: address, cable, port, name and volume', async () => {
	const fixture = await network();
	const request = runRequest({ mounts: [VOLUME], publicPorts: [web('8080')] }, on('testnet', '10.4.6.9'));
	await fixture.engine.newContainers.plan(request);
	await runForReal(fixture, { ...request, container: { ...request.container, name: 'other' } });
	const [endpoint] = fixture.engine.containers.inspect('other').endpoints;
	assert.deepEqual([endpoint && addressesOf(endpoint), endpoint?.epair], [['10.4.6.9'], 0]);
	await createContainer(fixture, 'dry');
});

test('a port that the daemon chooses is not used up by a dry run', async () => {
	const fixture = await network();
	const most = { ...web('49152:65534'), containerPort: '1000:*' };
	await fixture.engine.newContainers.create(container({ name: 'most', publicPorts: [most] }));
	const request = runRequest({ publicPorts: [web('0')] });
	for (let round = 0; round < 2; round += 1) {
		const plan = await fixture.engine.newContainers.plan(request);
		assert.ok(plan.includes('make published-ports tcp  65535 4'), plan.join('\n'));
	}
	await runForReal(fixture, request);
	await assert.rejects(fixture.engine.newContainers.plan(runRequest({ name: 'more', publicPorts: [web('0')] })), {
		message: /could not create container: .*all ports from 49152 to 65535 are published/,
	});
});

test('each refusal is that of the real thing, by how far it got, and changes nothing', async () => {
	const fixture = await network();
	const { engine } = fixture;
	await engine.networks.create(
		{ ...TESTNET_CONFIG, name: 'lonet', type: 'loopback', subnet: '10.5.0.0/24', gateway: '' },
		EXECUTE,
	);
	await engine.networks.create({ ...TESTNET_CONFIG, name: 'full', subnet: '10.6.0.0/30' }, EXECUTE);
	await createContainer(fixture, 'holder');
	await connect(fixture, 'holder', 'testnet', '10.4.6.9');
	await connect(fixture, 'holder', 'full');
	await runForReal(fixture, runRequest({ name: 'server', publicPorts: [web('8080')] }));
	const [creating, connecting] = ['could not create container: ', 'could not connect container: '];
	const cases: [string, RegExp, RunRequest][] = [
		['NO_SUCH_IMAGE', /whose kernel cannot run FreeBSD programs/, runRequest({ image: 'FreeBSD' })],
		['NAME_TAKEN', /has it/, runRequest({ name: 'holder' })],
		['DRIVER_REFUSED', /publish/, runRequest({ networkDriver: 'host', publicPorts: [web('1')] })],
		['INVALID_ARGUMENT', /root directory/, runRequest({ mounts: [{ ...VOLUME, destination: '/' }] })],
		['NO_SUCH_NETWORK', /nosuch/, runRequest({}, on('nosuch'))],
		['DRIVER_REFUSED', /loopback/, runRequest({}, on('lonet'))],
		['DRIVER_REFUSED', /host/, runRequest({ networkDriver: 'host' })],
		['ADDRESS_TAKEN', /container holder/, runRequest({}, on('testnet', '10.4.6.9'))],
		['INVALID_ADDRESS', /outside the subnet/, runRequest({}, on('testnet', '10.4.7.9'))],
		['ADDRESSES_EXHAUSTED', /is full/, runRequest({}, on('full'))],
		['PORT_TAKEN', /container server already holds it/, runRequest({ publicPorts: [web('8080')] })],
	];
	for (const [code, why, request] of cases) {
		const before = await everything(fixture);
		const refusal = (await engine.newContainers.plan(request).catch((error) => error)) as KleeneError;
		assert.equal(refusal.code, code, `${why}: ${refusal.stack}`);
		assert.match(refusal.why, why);
		assert.deepEqual(await everything(fixture), before, code);
		const real = (await runForReal(fixture, request).catch((error) => error)) as KleeneError;
		assert.equal(real.message, refusal.message);
		assert.deepEqual(await everything(fixture), before, `${code} for real`);
	}
	const unknown = runRequest({}, on('nosuch'));
	await assert.rejects(engine.newContainers.plan(unknown), { message: `${connecting}network not found` });
	await assert.rejects(engine.newContainers.plan(runRequest({ image: 'x' })), {
		message: `${creating}no such image 'x'`,
	});
	await assert.rejects(engine.executions.plan({ ...COMMAND, container: 'nosuch' }), { code: 'NO_SUCH_CONTAINER' });
	await assert.rejects(engine.containers.describeStop('holder'), { code: 'CONTAINER_NOT_RUNNING' });
});

test('a start that another container keeps from its port is refused, and its cable goes to the next', async () => {
	const fixture = await network();
	await runForReal(fixture, runRequest({ name: 'server', publicPorts: [web('8080')] }));
	await fixture.engine.newContainers.create(container({ publicPorts: [web('8080')] }));
	await connect(fixture, 'dry', 'testnet');
	const before = await everything(fixture);
	const plan = () => fixture.engine.executions.plan({ ...COMMAND, container: 'dry' });
	await assert.rejects(plan(), { code: 'PORT_TAKEN', why: /container server already holds it/ });
	assert.deepEqual(await everything(fixture), before);
	await fixture.engine.containers.stop('server', 0);
	assert.ok((await plan()).includes('make epair epair0'));
});

test('a container that runs is not started again: one more process is no step', async () => {
	const fixture = await network();
	await createContainer(fixture, 'web');
	await start(fixture, 'web');
	assert.deepEqual(await fixture.engine.executions.plan({ ...COMMAND, container: 'web' }), []);
});

test('dry runs and runs at the same time do not disturb each other', async () => {
	const fixture = await network();
	const names = Array.from({ length: 10 }, (_, index) => `c${index}`);
	const port = { ...web('9000'), interfaces: ['eth0'] };
	fixture.host.foreign.push({
		name: 'eth0',
		type: '',
		up: true,
		mac: '',
		mtu: 1500,
		bridge: '',
		addresses: ['1.2.3.4/24'],
	});
	const dry = () => fixture.engine.newContainers.plan(runRequest({ mounts: [VOLUME], publicPorts: [port] }));
	const runs = names.map((name) => runForReal(fixture, runRequest({ name, mounts: [VOLUME] })));
	const [plans] = await Promise.all([Promise.all(names.map(dry)), ...runs]);
	for (const plan of plans) assert.equal(plan.filter((line) => line.startsWith('make epair')).length, 1);
	const listed = await fixture.engine.containers.list(true);
	assert.deepEqual(listed.map((view) => view.container.name).toSorted(), names);
	const cables = fixture.engine.networks.inspect('testnet').endpoints.map(({ epair }) => epair);
	assert.deepEqual(
		cables.toSorted(),
		names.map((_, index) => index),
	);
	assert.equal(
		onHost(fixture).filter((part) => part === identityOf({ kind: 'volume-files', volume: 'data' })).length,
		1,
	);
});
