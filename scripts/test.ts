/**
 * `npm test [-- FILE...]`: types, lint and import law first, then all tests, on the machine as it is. Fails also when
 * the machine is not the same afterwards. With file patterns only those tests run, without the checks.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { difference, type Snapshot, snapshotOfMachine, snapshotOfNetwork } from '../test/testbed/snapshot.ts';

const TESTS = ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/**/*.test.ts'];

function passed(command: string, args: readonly string[]): Promise<boolean> {
	const child = spawn(command, args, { stdio: 'inherit' });
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) => resolve(code === 0));
	});
}

async function snapshot(): Promise<Snapshot> {
	return new Map([...(await snapshotOfNetwork()), ...snapshotOfMachine()]);
}

async function main(): Promise<number> {
	const patterns = process.argv.slice(2);
	if (patterns.length === 0) {
		console.log('checking types, lint and import law');
		if (!(await passed('npm', ['run', '--silent', 'check']))) return 1;
	}
	const before = await snapshot();
	// Container tests wait for the kernel more than they compute. On a host of somebody's they take turns anyway.
	const oneHost = process.env.KLEENE_TEST_HOST?.startsWith('ssh://');
	const concurrency = `--test-concurrency=${oneHost ? 1 : Math.max(2, availableParallelism())}`;
	const files = patterns.length > 0 ? patterns : TESTS;
	const ok = await passed(process.execPath, ['--test', concurrency, '--test-timeout=240000', ...files]);
	const left = difference(before, await snapshot());
	if (left.length > 0) console.error(`the machine is not as it was before the tests:\n${left.join('\n')}`);
	return ok && left.length === 0 ? 0 : 1;
}

process.exitCode = await main();
