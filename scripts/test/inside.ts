/** Runs test files where it is started: `inside.ts LANES FILE...`. LANES is a number, or `one process`. */
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { difference, snapshotOfNetwork } from '../../test/testbed/snapshot.ts';
import type { Done } from './run-files.ts';

/** Milliseconds for a test. */
const TIMEOUT = 240_000;

async function main([lanes = '', ...files]: readonly string[]): Promise<number> {
	const before = await snapshotOfNetwork();
	const isolation = lanes === 'one process' ? ({ isolation: 'none' } as const) : { concurrency: Number(lanes) };
	const tests = run({ files, timeout: TIMEOUT, execArgv: [`--test-timeout=${TIMEOUT}`], ...isolation });
	let failed = false;
	tests.on('test:fail', () => {
		failed = true;
	});
	tests.on('test:summary', ({ file, success, duration_ms }) => {
		failed ||= !success;
		if (file !== undefined) process.send?.({ file: relative('.', file), milliseconds: duration_ms } satisfies Done);
	});
	for await (const text of tests.compose(new spec())) process.stdout.write(text);
	if (process.env.KLEENE_TEST_MACHINE === undefined) return failed ? 1 : 0;
	const changes = difference(before, await snapshotOfNetwork());
	if (changes.length > 0) console.error(`the tests changed the network of their machine:\n${changes.join('\n')}`);
	return failed || changes.length > 0 ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
