/** Health checks as the engine runs them, by what a host answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostProcess, RunRequest } from '#host/driver.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { FakeProcess } from '#host/fake/process.ts';
import type { HealthSettings } from '#model/container/health.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { start, startEngine } from './fixture.ts';

const CHECK: HealthSettings = { test: ['CMD', 'look', 'closely'], interval: 5, retries: 2 };

/** Its checks end as a test says. */
class CheckedHost extends FakeHost {
	/** Exit code, an error, or to go on. */
	outcome: number | KleeneError | 'goes on' = 0;
	readonly requests: (RunRequest & { kind: 'additional' })[] = [];
	readonly checks: FakeProcess[] = [];

	override async run(request: RunRequest): Promise<HostProcess> {
		if (request.kind !== 'additional') return super.run(request);
		this.requests.push(request);
		if (this.outcome instanceof KleeneError) throw this.outcome;
		const process = new FakeProcess();
		this.checks.push(process);
		if (this.outcome !== 'goes on') process.end({ code: this.outcome, sandboxEnded: false });
		return process;
	}
}

async function checked(health: HealthSettings | undefined) {
	const host = new CheckedHost();
	const fixture = await startEngine(host);
	const words = { image: 'Base', cmd: ['/bin/true'], user: 'www', env: ['A=1'], mounts: [], jailParam: [] };
	const rest = { publicPorts: [], publishFrom: [], restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
	const options = health === undefined ? {} : { health };
	const id = await fixture.engine.newContainers.create({
		...words,
		...rest,
		name: 'web',
		networkDriver: 'host',
		options,
	});
	await start(fixture, 'web');
	const state = () => fixture.engine.containers.inspect('web');
	return { ...fixture, host, id, state };
}

function failure(code: 'HOST_UNREACHABLE' | 'COMMAND_FAILED'): KleeneError {
	return new KleeneError({ code, what: 'cannot look', why: 'it is dark', hint: 'wait' });
}

test('a container without a check is never looked at', async () => {
	const { host, state } = await checked(undefined);
	await sleep(30);
	assert.deepEqual(
		[host.requests.length, state().health, state().check, state().checks],
		[0, null, undefined, undefined],
	);
});

test('a check runs like klee exec, with its timeout, and one at a time', async () => {
	const { host, id, state } = await checked(CHECK);
	assert.equal(state().health, 'starting');
	await eventually('healthy', () => state().health === 'healthy');
	const { container, process, timeout } = host.requests[0]!;
	assert.deepEqual([container, process.argv, process.user, timeout], [id, ['look', 'closely'], 'www', 30_000]);
	assert.ok(process.env.includes('A=1'));
	host.outcome = 'goes on';
	const before = host.checks.length;
	await eventually('one goes on', () => host.checks.length > before);
	const count = host.checks.length;
	await sleep(30);
	assert.equal(host.checks.length, count);
});

test('what cannot be run is a failure; that the host is out of reach is none', async () => {
	const { host, state } = await checked(CHECK);
	await eventually('healthy', () => state().health === 'healthy');
	host.outcome = failure('HOST_UNREACHABLE');
	const asked = host.requests.length;
	await eventually('asked', () => host.requests.length > asked + 3);
	assert.deepEqual([state().health, state().checks?.failures], ['healthy', 0]);
	host.outcome = failure('COMMAND_FAILED');
	await eventually('unhealthy', () => state().health === 'unhealthy');
	const { code, output } = state().checks!.results.at(-1)!;
	assert.deepEqual([code, output], [-1, 'cannot look: it is dark']);
});

test('a later daemon knows the health, and goes on checking; a start begins anew', async () => {
	const { host, store, state } = await checked({ ...CHECK, interval: 50 });
	host.outcome = 1;
	await eventually('unhealthy', () => state().health === 'unhealthy');
	const { engine } = await startEngine(host, store);
	const later = () => engine.containers.inspect('web');
	assert.equal(later().health, 'unhealthy');
	const asked = host.requests.length;
	host.outcome = 0;
	await eventually('healthy', () => later().health === 'healthy');
	assert.ok(host.requests.length > asked);
	await engine.containers.stop('web', 0);
	assert.equal(later().health, null);
	assert.ok((later().checks?.results.length ?? 0) > 0);
	await start({ engine, host, store }, 'web');
	assert.deepEqual([later().health, later().checks?.results], ['starting', []]);
});

test('a disk that is full is no reason not to start or check', async () => {
	const { engine, host, store, state } = await checked(CHECK);
	await engine.containers.stop('web', 0);
	const refuse = () => {
		throw new Error('database or disk is full');
	};
	Object.assign(store.containers, { setHealth: refuse, forgetHealth: refuse });
	host.outcome = 1;
	await start({ engine, host, store }, 'web');
	assert.equal(state().health, 'starting');
	await eventually('unhealthy', () => state().health === 'unhealthy');
});

test('a check under way ends with the first process, and tells nothing then', async () => {
	const { host, id, state } = await checked(CHECK);
	host.outcome = 'goes on';
	const before = host.checks.length;
	await eventually('one goes on', () => host.checks.length > before);
	const results = state().checks?.results;
	host.processes.get(id)?.end({ code: 0, sandboxEnded: false });
	await eventually('it is killed', () => host.checks.at(-1)?.received.includes('SIGKILL') ?? false);
	host.checks.at(-1)?.end({ code: 137, sandboxEnded: false });
	await sleep(10);
	assert.deepEqual(state().checks?.results, results);
});

test('an update changes the check of a container that runs', async () => {
	const { engine, host, state } = await checked({ ...CHECK, interval: 3_600_000 });
	assert.equal(host.requests.length, 0);
	await engine.containers.update('web', { options: { health: { interval: 5 } } });
	await eventually('healthy', () => state().health === 'healthy');
	assert.deepEqual(state().check?.argv, ['look', 'closely']);
	await engine.containers.update('web', { options: { health: { test: ['NONE'] } } });
	assert.equal(state().health, null);
	const asked = host.requests.length;
	await sleep(30);
	assert.equal(host.requests.length, asked);
});
