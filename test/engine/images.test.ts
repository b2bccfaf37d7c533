/** Images that are removed while somebody else is about to use them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContainer, onHost, startEngine } from './fixture.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

const SOURCE = { kind: 'distribution' } as const;

/** @returns its id */
function createImage({ engine }: Fixture, tag: string): Promise<string> {
	const none = { autotag: false, dns: false, localtime: false, update: false };
	return engine.images.create({ source: SOURCE, tag, ...none }, () => {});
}

/** Files of an image are many: until `goOn` is called, the first that go don't go. `reached` is when they are about to. */
function holdRemoval({ host }: Fixture) {
	const apply = host.apply.bind(host);
	const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
	host.apply = async (steps, options) => {
		if (steps.some(({ verb, part }) => verb === 'unmake' && part.kind === 'layer')) {
			reached.resolve();
			await gate.promise;
		}
		return apply(steps, options);
	};
	return { reached: reached.promise, goOn: gate.resolve };
}

test('no container is made from an image that is being removed', async () => {
	const fixture = await startEngine();
	const { reached, goOn } = holdRemoval(fixture);
	const removal = fixture.engine.images.remove('Base');
	await reached;
	await assert.rejects(createContainer(fixture, 'late'), { code: 'NO_SUCH_IMAGE', message: /^no such image 'Base'/ });
	const again = fixture.engine.images.remove('Base');
	goOn();
	assert.equal(await removal, 'Base');
	await assert.rejects(again, { code: 'NO_SUCH_IMAGE' });
	assert.deepEqual(onHost(fixture), []);
	assert.deepEqual(fixture.engine.images.list(), []);
	assert.deepEqual(fixture.store.journal.unfinished(), []);
});

test('an image that a container was made from stays as it is, down to its files', async () => {
	const fixture = await startEngine();
	await createContainer(fixture, 'web');
	const [before, asked] = [onHost(fixture), fixture.host.applied.length];
	await assert.rejects(fixture.engine.images.remove('Base'), { code: 'IN_USE' });
	assert.deepEqual([onHost(fixture), fixture.host.applied.length], [before, asked]);
	assert.equal(fixture.engine.images.list().length, 1);
});

test('a daemon that is killed while it removes an image leaves none', async () => {
	const fixture = await startEngine();
	const [image] = fixture.engine.images.list();
	const { reached } = holdRemoval(fixture);
	void fixture.engine.images.remove('Base');
	await reached;
	Reflect.deleteProperty(fixture.host, 'apply');
	const restarted = await startEngine(fixture.host, fixture.store);
	assert.ok(!onHost(restarted).includes(`image-files ${image?.id}`));
	assert.ok(restarted.engine.images.list().every(({ id }) => id !== image?.id));
});

test('pruning spares what was tagged or used since it began, and goes on with the rest', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	const base = engine.images.inspect('Base').id;
	const ids = [];
	for (let count = 0; count < 4; count += 1) ids.push(await createImage(fixture, ''));
	const [oldest, used, tagged, newest] = ids as [string, string, string, string];
	const { reached, goOn } = holdRemoval(fixture);
	const pruning = engine.images.prune(false);
	await reached;
	engine.images.tag(tagged, 'kept');
	engine.images.tag(used, 'Base');
	await createContainer(fixture, 'web');
	engine.images.tag(base, 'Base');
	goOn();
	assert.deepEqual(await pruning, [newest, oldest]);
	const left = engine.images.list().map(({ id }) => id);
	assert.deepEqual(left, [tagged, used, base]);
});
