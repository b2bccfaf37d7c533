import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { limit, ruleWords, unlimit } from '#host/freebsd/sandbox/limits.ts';
import type { Script } from '#os/shell/quote.ts';

const CONTAINER = '0123456789ab';
const directory = mkdtempSync(join(tmpdir(), 'kleene-rctl-'));
after(() => rmSync(directory, { recursive: true }));

/** Runs a script with an rctl(8) that refuses what begins with `refused` and removes nothing. @returns its arguments */
function calls(script: Script): string[] {
	const log = join(directory, 'log');
	writeFileSync(log, '');
	const program = `#!/bin/sh\necho "$@" >>${log}\ncase $1:$2 in -r:*|*refused*) echo no such rule >&2; exit 1 ;; esac\n`;
	writeFileSync(join(directory, 'rctl'), program);
	chmodSync(join(directory, 'rctl'), 0o755);
	const env = { PATH: `${directory}:/usr/bin:/bin` };
	execFileSync('/bin/sh', ['-ec', script.text], { env, stdio: 'pipe' });
	return readFileSync(log, 'utf8').trim().split('\n');
}

test('limits are rules of rctl(8) about the jail: a process beyond the memory is ended, processor time is in percent', () => {
	assert.deepEqual(ruleWords(CONTAINER, { memory: 2 ** 28, cpus: 1.5, pids: 100 }), [
		`jail:${CONTAINER}:memoryuse:sigkill=268435456`,
		`jail:${CONTAINER}:pcpu:deny=150`,
		`jail:${CONTAINER}:maxproc:deny=100`,
	]);
});

test('a limit takes the place of its kind of an earlier run, and leaves rules of an administrator alone', () => {
	assert.deepEqual(calls(limit(CONTAINER, { pids: 9, cpus: 0.001 })), [
		`-r jail:${CONTAINER}:maxproc:deny`,
		`-r jail:${CONTAINER}:pcpu:deny`,
		`-a jail:${CONTAINER}:pcpu:deny=1`,
		`-a jail:${CONTAINER}:maxproc:deny=9`,
	]);
	assert.deepEqual(calls(unlimit(CONTAINER, { memory: 1 })), [`-r jail:${CONTAINER}:memoryuse:sigkill`]);
});

test('a rule that the host refuses ends the start', () => {
	assert.throws(() => calls(limit('refused', { pids: 9 })), /KLEENE-REFUSAL HOST_FAILED.*limit the resources/);
});
