import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { translateErrors } from '#host/linux/refusals.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import { make } from '#model/step.ts';
import { Fixture, until } from './fixture.ts';

const fixture = new Fixture();
after(() => fixture.close());

async function start(argv: string[], attach = true) {
	const part = fixture.part(fixture.container(), { argv });
	await fixture.sandboxes.make(part);
	const process = await fixture.sandboxes.run({ kind: 'first', container: part.container, attach });
	return { part, process };
}

/** Nothing of it is left: files, runtime state, cgroups, mounts. @param ran whether the file may stay that tells how it ended */
function assertGone({ container }: SandboxPart, ran = true): void {
	assert.equal(existsSync(fixture.paths.bundle(container)), false);
	assert.deepEqual(
		readdirSync(fixture.paths.exits()).filter((name) => name.startsWith(container) && !(ran && name === container)),
		[],
	);
	assert.deepEqual(
		readdirSync(fixture.paths.runtimeState()).filter((name) => name === container),
		[],
	);
	assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(container));
	for (const controller of readdirSync('/sys/fs/cgroup'))
		assert.equal(existsSync(join('/sys/fs/cgroup', controller, `kleene-${container}`)), false);
	assert.equal(
		fixture.sandboxes.observe().some((sandbox) => sandbox.container === container),
		false,
	);
}

describe('stopping', () => {
	test('asks every process, and is quick when they comply', async () => {
		const { part, process } = await start(['sh', '-c', 'sleep 100 & trap "echo bye; exit 9" TERM; echo up; wait']);
		await until(process, 'up');
		const before = Date.now();
		const output = until(process, 'bye');
		await fixture.sandboxes.unmake(part);
		await output;
		assert.equal((await process.ended).code, 9);
		assert.ok(Date.now() - before < 8000);
		assertGone(part);
	});

	test('a command that takes the default action ends with 143', async () => {
		const { part, process } = await start(['sleep', '100']);
		await fixture.sandboxes.unmake(part);
		assert.deepEqual(await process.ended, { code: 143, sandboxEnded: true });
	});

	test('ends what does not comply after the grace, with 137', async () => {
		const { part, process } = await start(['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 1; done']);
		await until(process, 'up');
		const before = Date.now();
		await fixture.sandboxes.unmake(part, { grace: 300 });
		const took = Date.now() - before;
		assert.ok(took >= 300 && took < 8000, `${took} ms`);
		assert.equal((await process.ended).code, 137);
		assertGone(part);
	});

	test('also reaches processes of other users, and those that joined', async () => {
		const { part } = await start(['sleep', '100'], false);
		const joined = await fixture.start(part.container, { argv: ['sleep', '100'], user: 'ana' });
		await fixture.sandboxes.unmake(part, { grace: 5000 });
		assert.ok([143, 137].includes((await joined.ended).code));
		assert.equal((await joined.ended).sandboxEnded, true);
		assertGone(part);
	});

	test('does not wait for a client that stopped reading', async () => {
		const { part, process } = await start(['sh', '-c', 'while :; do seq 10000; done']);
		process.onOutput(() => {});
		process.pause();
		await new Promise((resolve) => setTimeout(resolve, 300));
		const before = Date.now();
		await fixture.sandboxes.unmake(part);
		assert.ok(Date.now() - before < 8000, `${Date.now() - before} ms`);
		assertGone(part);
	});

	test('one that was made and never started leaves nothing, and twice is once', async () => {
		const part = fixture.part(fixture.container(), {});
		await fixture.sandboxes.make(part);
		await fixture.sandboxes.make(part);
		const seen = fixture.sandboxes.observe().filter(({ container }) => container === part.container);
		assert.deepEqual(seen, [{ container: part.container, running: false, pid: 0 }]);
		await fixture.sandboxes.unmake(part);
		await fixture.sandboxes.unmake(part);
		assertGone(part, false);
	});
});

describe('a daemon that was killed while it made a sandbox', () => {
	test('after the runtime was done, before it was noted', async () => {
		const part = fixture.part(fixture.container(), {});
		await fixture.sandboxes.make(part);
		rmSync(join(fixture.paths.bundle(part.container), 'processes.json'));
		await fixture.sandboxes.unmake(part);
		assertGone(part, false);
	});

	test('before the runtime began; a number in a stale file is nobody that could be killed', async () => {
		const part = fixture.part(fixture.container(), {});
		mkdirSync(fixture.paths.bundle(part.container), { recursive: true });
		writeFileSync(join(fixture.paths.bundle(part.container), 'pid'), `${process.pid}`);
		await fixture.sandboxes.unmake(part);
		assertGone(part, false);
	});
});

describe('making', () => {
	test('again right after an end', async () => {
		const part = fixture.part(fixture.container(), { argv: ['sh', '-c', 'exit 3'] });
		for (let round = 0; round < 5; round++) {
			assert.equal((await fixture.first(part)).end.code, 3);
			await fixture.sandboxes.unmake(part);
		}
		assertGone(part);
	});

	test('what is there differently is refused by name', async () => {
		const part = fixture.part(fixture.container(), { argv: ['sleep', '9'] });
		await fixture.sandboxes.make(part);
		const other = { ...part, mounts: [{ type: 'nullfs' as const, source: '/', destination: '/x', readOnly: true }] };
		await assert.rejects(fixture.sandboxes.make(other), /other mounts/);
		await fixture.sandboxes.unmake(part);
	});

	test('that fails leaves nothing and gives the reason', async () => {
		const part = fixture.part(fixture.container(), {});
		const mounts = [{ type: 'nullfs' as const, source: '/no/such/source', destination: '/x', readOnly: true }];
		const making = translateErrors(make(part), () => fixture.sandboxes.make({ ...part, mounts }));
		await assert.rejects(making, { code: 'HOST_FAILED', why: /no\/such\/source/ });
		assertGone(part, false);
	});

	test('with mounts: one to write to, one to read from', async () => {
		const container = fixture.container();
		const base = fixture.part(container, { argv: ['sh', '-c', 'cat /ro/marker; touch /rw/new; touch /ro/new'] });
		const source = join(fixture.directory, 'shared');
		mkdirSync(fixture.paths.volume('vol'), { recursive: true });
		mkdirSync(source);
		writeFileSync(join(source, 'marker'), 'here\n');
		const part: SandboxPart = {
			...base,
			mounts: [
				{ type: 'nullfs', source, destination: '/ro', readOnly: true },
				{ type: 'volume', source: 'vol', destination: '/rw', readOnly: false },
			],
		};
		const ran = await fixture.first(part);
		assert.equal(ran.stdout, 'here\n');
		assert.match(ran.stderr, /\/ro\/new: Read-only file system/);
		assert.ok(existsSync(join(fixture.paths.volume('vol'), 'new')));
		await fixture.sandboxes.unmake(part);
		assertGone(part);
	});
});

test('a root directory whose sockets have paths longer than 108 bytes', async () => {
	const deep = new Fixture('d'.repeat(120));
	try {
		const part = deep.part(deep.container(), { argv: ['sh', '-c', 'echo hi; sleep 0.5'] });
		const first = deep.first(part);
		assert.equal((await first).stdout, 'hi\n');
		await deep.sandboxes.unmake(part);
		const again = deep.part(deep.container(), { argv: ['sleep', '9'] });
		await deep.sandboxes.make(again);
		await deep.sandboxes.run({ kind: 'first', container: again.container, attach: false });
		assert.equal((await deep.exec(again.container, { argv: ['echo', 'deep'] })).stdout, 'deep\n');
	} finally {
		await deep.close();
	}
});
