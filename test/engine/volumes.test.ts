import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KleeneError } from '#errors/kleene-error.ts';
import type { Mount } from '#model/mount.ts';
import { createContainer, onHost, start, startEngine } from './fixture.ts';

const volume = (source: string, destination: string): Mount => ({
	type: 'volume',
	source,
	destination,
	readOnly: false,
});
const MOUNTS = [volume('data', '/srv'), volume('logs', '/var/log')];

type Fixture = Awaited<ReturnType<typeof startEngine>>;

const names = ({ engine }: Fixture) => engine.volumes.list().map(({ name }) => name);

test('volumes come with a container that mounts them, and stay when it goes', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	const id = await createContainer(fixture, 'web', 'vnet', MOUNTS);
	assert.deepEqual(names(fixture), ['logs', 'data'], 'newest first');
	const { volume: data, users } = engine.volumes.inspect('data');
	assert.deepEqual([data.dataset, engine.volumes.mountpoint(data)], ['volumes/data', '/memory/volumes/data']);
	assert.deepEqual(
		users.map((container) => container.id),
		[id],
	);
	await engine.containers.remove('web');
	assert.deepEqual(
		onHost(fixture).filter((part) => part.includes('volume')),
		['volume-files data', 'volume-files logs'],
	);
	assert.deepEqual(engine.volumes.inspect('data').users, []);
	assert.deepEqual(await engine.volumes.prune(), ['data', 'logs']);
	assert.deepEqual(
		onHost(fixture).filter((part) => part.includes('volume')),
		[],
	);
});

test('a container whose creation fails at any step leaves host and store as they were', async () => {
	for (let step = 0; ; step += 1) {
		const fixture = await startEngine();
		await fixture.engine.volumes.create('logs');
		const before = onHost(fixture);
		fixture.host.failAt = step;
		const outcome = await createContainer(fixture, 'web', 'vnet', MOUNTS).catch((error) => error);
		if (!(outcome instanceof Error)) {
			assert.equal(step, 4, 'files of container and new volume, and two mount points were each made to fail once');
			return;
		}
		assert.equal((outcome as KleeneError).code, 'HOST_FAILED');
		assert.deepEqual(onHost(fixture), before);
		assert.deepEqual(names(fixture), ['logs']);
		assert.deepEqual(fixture.engine.volumes.inspect('logs').users, []);
		assert.deepEqual(fixture.store.journal.unfinished(), []);
	}
});

test('a volume that a container mounts is not removed, whether it runs or not', async () => {
	const fixture = await startEngine();
	const id = await createContainer(fixture, 'web', 'vnet', MOUNTS);
	const refusal = { code: 'IN_USE', message: `could not remove volume data since it is used for containers:\n${id}` };
	await assert.rejects(fixture.engine.volumes.remove('data'), refusal);
	await start(fixture, 'web');
	await assert.rejects(fixture.engine.volumes.remove('data'), refusal);
	assert.deepEqual(await fixture.engine.volumes.prune(), []);
	assert.throws(() => fixture.engine.volumes.remove('nosuch'), { code: 'NO_SUCH_VOLUME' });
});

test('a volume whose removal the host refuses is still there', async () => {
	const fixture = await startEngine();
	await fixture.engine.volumes.create('data');
	fixture.host.failAt = 0;
	await assert.rejects(fixture.engine.volumes.remove('data'), { code: 'HOST_FAILED' });
	assert.deepEqual(names(fixture), ['data']);
	fixture.host.failAt = Number.POSITIVE_INFINITY;
	await fixture.engine.volumes.remove('data');
	assert.deepEqual(names(fixture), []);
});

test('a volume is filled unless a running container has it', async () => {
	const fixture = await startEngine();
	const fills = (name: string) => {
		const { id } = fixture.engine.containers.inspect(name).container;
		const parts = [...fixture.host.parts.values()].filter((part) => part.kind === 'mount-point');
		return parts.filter(({ container }) => container === id).map(({ fill }) => fill);
	};
	await createContainer(fixture, 'first', 'vnet', [volume('data', '/srv')]);
	await createContainer(fixture, 'second', 'vnet', MOUNTS);
	await start(fixture, 'first');
	await createContainer(fixture, 'third', 'vnet', MOUNTS);
	assert.deepEqual([fills('first'), fills('second'), fills('third')], [[true], [true, true], [false, true]]);
});

test('many at once: one volume of a name, and it goes only when nobody is left', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	const rounds = Array.from({ length: 20 }, async (_, index) => {
		const mounts = index % 2 ? MOUNTS : MOUNTS.toReversed();
		await createContainer(fixture, `c${index}`, 'vnet', mounts);
		await Promise.allSettled([engine.volumes.prune(), Promise.resolve().then(() => engine.volumes.remove('data'))]);
		if (index > 0) await engine.containers.remove(`c${index}`);
	});
	await Promise.all(rounds);
	assert.deepEqual(names(fixture).sort(), ['data', 'logs']);
	await engine.containers.remove('c0');
	assert.deepEqual((await engine.volumes.prune()).sort(), ['data', 'logs']);
});

test('a daemon that is killed within a creation takes back what it had done; volumes that were there stay', async () => {
	for (let done = 0; done <= 4; done += 1) {
		const fixture = await startEngine();
		await fixture.engine.volumes.create('logs');
		const before = onHost(fixture);
		const apply = fixture.host.apply.bind(fixture.host);
		let left = done;
		fixture.host.apply = async (steps) => (left-- > 0 ? apply(steps) : new Promise(() => {}));
		const created = createContainer(fixture, 'web', 'vnet', MOUNTS);
		await new Promise((resolve) => setTimeout(resolve, 5));
		fixture.host.apply = apply;
		const restarted = await startEngine(fixture.host, fixture.store);
		if (done === 4) {
			await created;
			assert.deepEqual(names(restarted).sort(), ['data', 'logs']);
		} else {
			assert.deepEqual(onHost(restarted), before, `killed after ${done} steps`);
			assert.deepEqual(names(restarted), ['logs']);
		}
	}
});

test('what the host lost of a volume is made again at the next start', async () => {
	const fixture = await startEngine();
	await fixture.engine.volumes.create('data');
	fixture.host.parts.delete('volume-files data');
	const restarted = await startEngine(fixture.host, fixture.store);
	assert.ok(onHost(restarted).includes('volume-files data'));
});

test('mounts that cannot be are refused before anything is made', async () => {
	const fixture = await startEngine();
	const before = onHost(fixture);
	const refused: (readonly [Mount, RegExp])[] = [
		[volume('../etc', '/srv'), /cannot use '\.\.\/etc' as a volume name/],
		[volume('', '/srv'), /volume name/],
		[volume('x'.repeat(129), '/srv'), /volume name/],
		[volume('data', '/'), /root directory/],
		[volume('data', '/./'), /root directory/],
		[volume('data', '/proc/'), /its own \/proc there/],
		[volume('data', '/dev'), /its own \/dev there/],
		[volume('data', '//sys'), /its own \/sys there/],
		[volume('data', 'srv'), /absolute path/],
		[volume('data', '/srv/../../etc'), /absolute path/],
		[volume('data', '/s\0rv'), /absolute path/],
		[{ ...volume('etc', '/srv'), type: 'nullfs' }, /absolute path/],
	];
	for (const [mount, message] of refused)
		await assert.rejects(createContainer(fixture, 'web', 'vnet', [mount]), { code: 'INVALID_ARGUMENT', message });
	const twice = [volume('data', '/srv'), volume('logs', '/./srv/')];
	await assert.rejects(createContainer(fixture, 'web', 'vnet', twice), { message: /something else is to be mounted/ });
	assert.deepEqual([onHost(fixture), names(fixture)], [before, []]);
});
