/** A daemon finds the database and the records of the version before, whose containers run. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeHost } from '#host/fake/driver.ts';
import { make, unmake } from '#model/step.ts';
import { RecordFiles } from '#store/records/files.ts';
import { DATABASE, Store } from '#store/store.ts';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from '#test/engine/fixture.ts';
import { TESTNET_CONFIG } from '#test/engine/testnet.ts';
import { recordBefore, toVersionBefore } from './version-before.ts';

const QUOTED = 'A={"kind":"alias"}';

/** Container `web` runs with an ipnet address, a plan is unfinished, and its daemon is gone. */
async function runAndLeave(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), 'kleene-'));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const fixture = await startEngine(new FakeHost(), Store.open(root));
	const { engine, host, store } = fixture;
	store.keepRecords();
	await engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const id = await createContainer(fixture, 'web', 'ipnet');
	const env = [QUOTED];
	await engine.containers.update('web', { env });
	await connect(fixture, 'web', 'testnet');
	await start(fixture, 'web');
	const parts = store.containers.parts(id);
	const there = onHost(fixture);
	const address = parts.find(({ kind }) => kind === 'ipnet-address');
	assert.ok(address?.kind === 'ipnet-address');
	const half = { ...address, address: '10.4.6.77' };
	await host.apply([make(half)]);
	store.journal.begin({ subject: 'container web', mode: 'teardown', steps: [unmake(half)], record: [], whole: false });
	await host.close();
	store.close();
	return { host, root, id, parts, there };
}

test('the daemon adopts what runs, with every part, and finishes what was begun', async (t) => {
	const { host, root, id, parts, there } = await runAndLeave(t);
	toVersionBefore(join(root, DATABASE));
	assert.match(readFileSync(join(root, DATABASE), 'latin1'), /"kind":"alias"/);
	const restarted = await startEngine(host, Store.open(root));
	const { engine, store } = restarted;
	t.after(() => store.close());
	assert.deepEqual(store.containers.parts(id), parts);
	assert.deepEqual(store.containers.get(id)?.env, [QUOTED], 'what a user wrote stays as it is');
	assert.deepEqual(store.journal.unfinished(), []);
	assert.equal(engine.containers.inspect('web').running, true);
	assert.deepEqual(onHost(restarted), there);
});

test('records of the version before say the same', async (t) => {
	const { root, id, parts } = await runAndLeave(t);
	const file = join(root, 'records/containers', `${id}.json`);
	const text = readFileSync(file, 'utf8');
	writeFileSync(file, recordBefore(text));
	assert.match(readFileSync(file, 'utf8'), /"format":1,.*"kind":"alias"/);
	const record = new RecordFiles(root).read('containers', id);
	assert.deepEqual(record?.parts, parts);
	assert.deepEqual(record?.container.env, [QUOTED]);
});
