/** The operations that are tortured are all that the API has, and their plans hold every kind of part. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { buildApp } from '#daemon/app.ts';
import { STREAM_PATHS } from '#daemon/streams/upgrade.ts';
import { PART_KINDS, type PartKind } from '#model/part.ts';
import { startEngine } from '#test/engine/fixture.ts';
import { Scene } from './killed.ts';
import { SYSTEMS, type System } from './mortal.ts';
import { HARMLESS, OPERATIONS, OUT_OF_REACH } from './operations.ts';

/** Kinds that go with another part, so that a step of their own unmakes them only when a build fails. */
const GOES_ALONG: ReadonlySet<PartKind> = new Set(['mount-point', 'hosts-file', 'rate-limit']);

/** Kinds that only the plans of requests out of reach hold. */
const UNREACHED: ReadonlySet<PartKind> = new Set(['layout', 'copied-files', 'run-mounts']);

test('every request that changes anything belongs to an operation; see operations.ts', async () => {
	const { engine } = await startEngine();
	const app = await buildApp(engine, pino({ level: 'silent' }));
	const { paths } = app.swagger() as { paths: Record<string, Record<string, unknown>> };
	const requests = Object.entries(paths).flatMap(([path, methods]) =>
		Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
	);
	const all = [...requests.filter((one) => !one.startsWith('GET ')), ...STREAM_PATHS.map((path) => `WS ${path}`)];
	const known = [
		...Object.values(OPERATIONS).flatMap(({ routes }) => routes),
		...Object.keys(HARMLESS),
		...OUT_OF_REACH,
	];
	assert.deepEqual([...new Set(known)].sort(), all.sort());
	await app.close();
});

test('every kind of part is made and unmade by one of the operations', async () => {
	const applied = new Set<string>();
	for (const system of Object.keys(SYSTEMS) as System[])
		for (const operation of Object.values(OPERATIONS)) {
			const scene = await Scene.set(operation, system);
			for (const step of (await scene.killedAt()).applied) applied.add(step.split(' ').slice(0, 2).join(' '));
			scene.close();
		}
	const wanted = PART_KINDS.filter((kind) => !UNREACHED.has(kind)).flatMap((kind) =>
		GOES_ALONG.has(kind) ? [`make ${kind}`] : [`make ${kind}`, `unmake ${kind}`],
	);
	assert.deepEqual(
		wanted.filter((step) => !applied.has(step)),
		[],
	);
});
