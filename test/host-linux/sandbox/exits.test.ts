import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Exits } from '#host/linux/sandbox/exits.ts';
import { endOfAdditional } from '#host/linux/sandbox/processes.ts';
import { identify } from '#os/linux/process.ts';

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
	const first = identify(child.pid!)!;
	exits.track('c1', { first, monitor: first });
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

test('who waits no longer is forgotten', async () => {
	for (let i = 0; i < 3; i += 1) await exits.endsWithin('c1', 1);
	assert.equal(exits.waiters('c1'), 0);
	const ended = exits.ended('c1');
	const late = exits.endsWithin('c1', 60_000);
	assert.equal(exits.waiters('c1'), 2);
	writeFileSync(join(directory, 'c1'), '7');
	assert.equal(await soon(ended), 7);
	await soon(late);
	assert.equal(exits.waiters('c1'), 0);
});

test('an execution that was killed in a container that goes on leaves nobody waiting', async () => {
	const first = identify(process.pid)!;
	const state = { container: 'c1', first, status: join(directory, 'no-status') };
	const execution = { process: undefined, streams: undefined, code: Promise.resolve(137) };
	assert.deepEqual(await endOfAdditional(state, exits, execution), { code: 137, sandboxEnded: false });
	assert.equal(exits.waiters('c1'), 0);
});

test('nobody is left waiting for a sandbox that is forgotten', async () => {
	const ended = exits.ended('c1');
	exits.forget('c1');
	assert.equal(await soon(ended), 137);
});
