import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { Fixture, outcome, until, waitingAt, waitingForSize } from './fixture.ts';

describe('additional processes', () => {
	const fixture = new Fixture();
	let part: SandboxPart;
	before(async () => {
		part = fixture.part(fixture.container(), { argv: ['sleep', '1000'] });
		await fixture.sandboxes.make(part);
		await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: false });
	});
	after(() => fixture.close());

	test('give their output and exit code, and leave no files', async () => {
		const ran = await fixture.exec(part.container, { argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'] });
		assert.deepEqual(ran, { end: { code: 3, sandboxEnded: false }, stdout: 'out\n', stderr: 'err\n' });
		const directory = join(fixture.paths.bundle(part.container), 'exec');
		assert.deepEqual(existsSync(directory) ? readdirSync(directory) : [], []);
	});

	test('read their input to its end', async () => {
		const process = await fixture.start(part.container, { argv: ['wc', '-c'], stdin: true });
		assert.equal((await outcome(process, 'x'.repeat(100_000))).stdout.trim(), '100000');
	});

	test('are found on the PATH, run as their user, in the environment they are given', async () => {
		const ran = await fixture.exec(part.container, {
			argv: ['sh', '-c', 'id -u; id -G; echo $HOME $A; grep CapEff /proc/self/status'],
			user: 'ana',
			env: ['A=1'],
		});
		assert.match(ran.stdout, /^1001\n1002 1003\n\/home\/ana 1\nCapEff:\t0000000000000000\n$/);
	});

	test('that cannot be started say so as a shell would', async () => {
		const missing = await fixture.exec(part.container, { argv: ['nosuch', 'x'] });
		assert.deepEqual(missing, {
			end: { code: 127, sandboxEnded: false },
			stdout: '',
			stderr: 'nosuch: command not found\n',
		});
		const denied = await fixture.exec(part.container, { argv: ['/etc/group'] });
		assert.deepEqual([denied.end.code, denied.stderr], [126, '/etc/group: permission denied\n']);
		await assert.rejects(fixture.exec(part.container, { user: 'nobody-here' }), /no user nobody-here/);
	});

	test('are killed by themselves', async () => {
		const process = await fixture.start(part.container, { argv: ['sh', '-c', 'echo up; sleep 100'] });
		await until(process, 'up');
		process.kill('SIGKILL');
		assert.deepEqual(await process.ended, { code: 137, sandboxEnded: false });
	});

	test('go on when their reader leaves, and need none to begin with', async () => {
		const left = await fixture.start(part.container, {
			argv: ['sh', '-c', 'echo up; sleep 0.2; seq 100000; touch /tmp/left'],
		});
		await until(left, 'up');
		left.detach();
		const alone = await fixture.start(
			part.container,
			{ argv: ['sh', '-c', 'seq 200000; touch /tmp/alone'] },
			{ attach: false },
		);
		assert.deepEqual([(await left.ended).code, (await alone.ended).code], [0, 0]);
		assert.equal((await fixture.exec(part.container, { argv: ['ls', '/tmp'] })).stdout, 'alone\nleft\n');
	});

	test('have terminals of their own, of the size asked for', async () => {
		const size = { rows: 20, columns: 70 };
		const process = await fixture.start(part.container, { argv: ['sh'], tty: true, stdin: true }, { size });
		process.write(Buffer.from(`${waitingForSize(20, 70)}; tty\n`));
		assert.match(await until(process, '/dev/pts/'), /\bsized\b/);
		process.resize(21, 71);
		process.write(Buffer.from(`${waitingForSize(21, 71)}; exit 9\n`));
		await until(process, 'sized');
		assert.deepEqual(await process.ended, { code: 9, sandboxEnded: false });
	});

	test('many at once', async () => {
		const runs = Array.from({ length: 10 }, (_, i) =>
			fixture.exec(part.container, { argv: ['sh', '-c', `echo ${i}; exit ${i}`] }),
		);
		const all = await Promise.all(runs);
		assert.deepEqual(
			all.map(({ end, stdout }) => [end.code, stdout]),
			runs.map((_, i) => [i, `${i}\n`]),
		);
	});

	test('keep the sandbox alive after its command, and end it with the last of them', async () => {
		// That the sandbox ended as well is said where it is seen within 200 ms, for which a busy machine may be too slow.
		let said = false;
		for (let tries = 0; tries < 3 && !said; tries += 1) said = await theLastOfThemEnds(fixture);
		assert.ok(said);
	});
});

/** @returns whether the last process said that its sandbox ended as well */
async function theLastOfThemEnds(fixture: Fixture): Promise<boolean> {
	const part = fixture.part(fixture.container(), { argv: ['sh', '-c', waitingAt('first')] });
	const { container } = part;
	await fixture.sandboxes.make(part);
	const first = await fixture.sandboxes.run({ kind: 'first', container, attach: true });
	const last = await fixture.start(container, { argv: ['sh', '-c', waitingAt('last')] });
	fixture.letGo(container, 'first');
	assert.deepEqual(await first.ended, { code: 0, sandboxEnded: false });
	assert.ok(fixture.isRunning(container));
	fixture.letGo(container, 'last');
	const { code, sandboxEnded } = await last.ended;
	assert.equal(code, 0);
	await eventually('the end of the sandbox', () => !fixture.isRunning(container));
	await assert.rejects(fixture.exec(container, {}), { code: 'CONTAINER_NOT_RUNNING' });
	await fixture.sandboxes.unmake(part);
	return sandboxEnded;
}
