import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContainer, startEngine } from './fixture.ts';

test('others have their turn while hundreds of containers are listed', async () => {
	const fixture = await startEngine();
	for (let count = 0; count < 100; count += 1) await createContainer(fixture, `c${count}`, 'vnet');
	let [turns, listed] = [0, 0];
	const listing = fixture.engine.containers.list(true).then((all) => {
		listed = all.length;
	});
	for (; listed === 0; turns += 1) await new Promise((resolve) => setImmediate(resolve));
	await listing;
	assert.equal(listed, 100);
	assert.ok(turns >= 4, `${turns} turns`);
});
