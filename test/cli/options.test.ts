/** What options mean where they stand, and what klee says of a command that has nothing to show. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { against, closeStub, startStub } from './against.ts';
import { kleeCommand, startProcess } from './run-klee.ts';
import type { Answer } from './stub-daemon.ts';

afterEach(closeStub);

const ID = '2f1dc29b8f36';

test('an update takes its options on either side of the container; a command with options comes after --', async () => {
	const answers: Record<string, Answer> = { 'POST /containers/c1/update': [201, { id: ID }] };
	const cases: [string[], object][] = [
		[['c1', '--restart', 'on-startup', '--persist'], { restart_policy: 'on-startup', persist: true }],
		[['--name', 'web', 'c1', 'sleep', '9', '-u', 'www'], { name: 'web', user: 'www', cmd: ['sleep', '9'] }],
		[['c1', '--no-persist', '--', 'ls', '--name', '--', '-l'], { persist: false, cmd: ['ls', '--name', '--', '-l'] }],
		[['--', 'c1', 'ls', '-l'], { cmd: ['ls', '-l'] }],
	];
	for (const [words, body] of cases) {
		const { stub, outcome } = await against(answers, ['container', 'update', ...words]);
		assert.deepEqual([outcome.code, outcome.stderr], [0, ''], words.join(' '));
		assert.deepEqual(stub.body(0), body);
	}
});

test('what counts on a network only is told where there is none', async () => {
	for (const option of ['--ip', '--ip6', '--mac', '--alias']) {
		const { outcome } = await against({ 'POST /containers/create': [201, { id: ID }] }, ['create', option, 'x', 'img']);
		assert.equal(outcome.code, 0);
		assert.match(outcome.stderr, /^warning: .*--mac.* count with --network only$/m, option);
	}
});

test('a full disk is told, not only an exit code', async () => {
	const stub = await startStub({ answers: { 'GET /networks/list': [200, []] } });
	const shell = `${kleeCommand(['--host', stub.host, 'lsn'])} >/dev/full`;
	const { code, stderr } = await startProcess('/bin/sh', ['-c', shell]).ended;
	assert.equal(code, 1);
	assert.match(stderr, /^error: cannot write the output: ENOSPC: no space left on device.*\n hint: make room/);
});

test('a dry run that finds nothing to do says so, beside the list', async () => {
	const cases: Record<string, string[]> = {
		'POST /networks/connect?dry_run=true': ['network', 'connect', '--dry-run', 'web', 'c1'],
		'POST /exec/create?dry_run=true': ['start', '--dry-run', 'c1'],
	};
	for (const [request, words] of Object.entries(cases)) {
		const { outcome } = await against({ [request]: [200, { plan: [] }] }, words);
		assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [0, '', 'nothing changes on the host now\n']);
	}
});
