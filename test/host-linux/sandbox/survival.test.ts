/** What happens to containers when the daemon or conmon is killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { Fixture, waitingAt } from './fixture.ts';

const fixture = new Fixture();
after(() => fixture.close());

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Starts a sandbox from another process, attached, which is then killed. */
async function startAndDie(part: SandboxPart): Promise<void> {
	const script = `
		import { installInit } from '#host/linux/sandbox/bundle/bundle.ts';
		import { Paths } from '#host/linux/paths.ts';
		import { LinuxSandboxes } from '#host/linux/sandbox/sandbox.ts';
		const [root, part, network] = process.argv.slice(1);
		const sandboxes = new LinuxSandboxes({ paths: new Paths(root), ...JSON.parse(network), init: installInit(root), stackOf: () => ({ path: '/proc/self/ns/net' }) });
		await sandboxes.make(JSON.parse(part));
		const first = await sandboxes.run({ kind: 'first', container: JSON.parse(part).container, attach: true });
		first.onOutput((_stream, chunk) => process.stdout.write(chunk));
		await sandboxes.run({ kind: 'additional', container: JSON.parse(part).container, execution: 'e1', attach: true, process: { argv: ['sleep', '1000'], env: [], user: '', tty: false, stdin: false } });
	`;
	const tools = JSON.stringify({ conmon: fixture.tools.conmon, runtime: fixture.tools.runtime });
	const argv = ['--input-type=module-typescript', '-e', script, fixture.paths.root, JSON.stringify(part), tools];
	const daemon = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname });
	await new Promise((resolve) => daemon.stdout.once('data', resolve));
	await sleep(300);
	daemon.kill('SIGKILL');
	await new Promise((resolve) => daemon.once('exit', resolve));
}

test('a container outlives the daemon, writes on, and its end is told to the next one', async () => {
	const text = 'echo up; sleep 1; seq 500000; seq 500000 >&2; touch /tmp/written; sleep 1000 & wait $!';
	const part = fixture.part(fixture.container(), { argv: ['sh', '-c', text] });
	await startAndDie(part);
	const next = fixture.open();
	const ended: string[] = [];
	try {
		assert.equal(next.observe().find(({ container }) => container === part.container)?.running, true);
		next.watch(({ container }) => ended.push(container));
		const written = join(fixture.paths.containerRoot(part.container), 'tmp/written');
		await eventually('megabytes are written with nobody reading', () => existsSync(written));
		await next.make(part);
		const process = { argv: ['echo', 'still'], env: [], user: '', tty: false, stdin: false };
		const still = await next.run({
			kind: 'additional',
			container: part.container,
			execution: 'e2',
			attach: true,
			process,
		});
		assert.equal((await still.ended).code, 0);
		assert.equal(ended.length, 0);
	} finally {
		next.close();
	}
	const third = fixture.open();
	try {
		third.watch(({ container }) => ended.push(container));
		await third.unmake(part);
		assert.deepEqual(ended, [part.container]);
	} finally {
		third.close();
	}
});

test('an end that no daemon saw is told once to the one that comes', async () => {
	const part = fixture.part(fixture.container(), { argv: ['sh', '-c', waitingAt('gate')] });
	await fixture.sandboxes.make(part);
	await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: false });
	fixture.sandboxes.close();
	fixture.letGo(part.container, 'gate');
	await eventually('the end is on record', () => existsSync(join(fixture.paths.exits(), part.container)));
	fixture.sandboxes = fixture.open();
	const ended: string[] = [];
	fixture.sandboxes.watch(({ container }) => ended.push(container));
	await eventually('the end is told', () => ended.length > 0);
	await sleep(100);
	assert.deepEqual(ended, [part.container]);
	await fixture.sandboxes.unmake(part);
});

test('the end of a container whose conmon was killed is noticed', async () => {
	const part = fixture.part(fixture.container(), { argv: ['sleep', '1000'] });
	await fixture.sandboxes.make(part);
	const process_ = await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: true });
	const ended: string[] = [];
	fixture.sandboxes.watch(({ container }) => ended.push(container));
	const monitor = Number(readFileSync(join(fixture.paths.bundle(part.container), 'conmon.pid'), 'utf8'));
	process.kill(monitor, 'SIGKILL');
	await sleep(300);
	assert.equal(ended.length, 0);
	assert.equal(fixture.sandboxes.observe().find(({ container }) => container === part.container)?.running, true);
	process_.kill('SIGKILL');
	assert.deepEqual(await process_.ended, { code: 137, sandboxEnded: true });
	assert.deepEqual(ended, [part.container]);
	await fixture.sandboxes.unmake(part);
});
