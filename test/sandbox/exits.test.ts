import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Exits } from '#host/linux/exits.ts';
import { identify } from '#kernel/process.ts';

let directory: string;
let exits: Exits;
const logged: object[] = [];

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'kleene-exits-'));
	exits = new Exits(directory, { warn: (fields) => void logged.push(fields) });
});
afterEach(() => {
	exits.close();
	rmSync(directory, { recursive: true, force: true });
	logged.length = 0;
});

/** The timer that looks does not keep a program alive; this one does. */
async function soon<T>(promise: Promise<T>): Promise<T> {
	const limit = Promise.withResolvers<never>();
	const timer = setTimeout(() => limit.reject(new Error('it takes too long')), 30_000);
	return await Promise.race([promise, limit.promise]).finally(() => clearTimeout(timer));
}

test('an end that nobody can note, e.g. on a full disk, is told all the same', async () => {
	const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
	const process = identify(child.pid!)!;
	exits.track('c1', { first: process, monitor: process });
	const listened: string[] = [];
	exits.listen((container) => listened.push(container));
	const ended = exits.ended('c1');
	rmSync(directory, { recursive: true });
	child.kill('SIGKILL');
	assert.equal(await soon(ended), 137);
	assert.deepEqual(listened, ['c1']);
	assert.match(JSON.stringify(logged), /"container":"c1","error":"ENOENT/);
	assert.equal(await exits.ended('c1'), 137);
});
