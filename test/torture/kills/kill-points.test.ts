/**
 * A sample of kills and of failing steps, in every operation, on the host in memory. `npm run torture -- kills failures`
 * leaves none out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnce, failTwice } from './failed.ts';
import { killOnce, killTwice, Scene } from './killed.ts';
import { SYSTEMS, type System } from './mortal.ts';
import { OPERATIONS } from './operations.ts';

/** Every n-th change or step; of a recovery, or of what undoes a step, every one with the larger number. */
const SKIP = { linux: 7, freebsd: 13 };
const STRIDE = 53;

for (const system of Object.keys(SYSTEMS) as System[])
	for (const [index, [name, operation]] of Object.entries(OPERATIONS).entries())
		test(`${name}, on a host like ${system}: killed, and its steps failing`, { timeout: 120_000 }, async () => {
			const scene = await Scene.set(operation, system);
			const skip = SKIP[system];
			try {
				const { before, after } = await scene.killedAt();
				if (operation.restores) assert.deepEqual(after, before);
				else assert.notDeepEqual(after, before);
				await killOnce(scene, skip, index % skip);
				await killTwice(scene, STRIDE, index, 2 * skip);
				await failOnce(scene, skip, index % skip);
				await failTwice(scene, STRIDE, index, 2 * skip);
			} finally {
				scene.close();
			}
		});
