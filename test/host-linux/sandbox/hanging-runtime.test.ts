/** A runtime that does not come back, e.g. because a file system does not answer. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { translateErrors } from '#host/linux/refusals.ts';
import { installInit } from '#host/linux/sandbox/bundle/bundle.ts';
import { LinuxSandboxes } from '#host/linux/sandbox/sandbox.ts';
import { make } from '#model/step.ts';
import { processesOf } from '#test/testbed/snapshot.ts';
import { Fixture } from './fixture.ts';

const fixture = new Fixture();
const runtime = join(fixture.directory, 'hanging-runtime');
// In a process of its own, as runc starts its init.
writeFileSync(runtime, `#!/bin/sh\n# ${fixture.directory}\nsleep 96; :\n`);
chmodSync(runtime, 0o755);
const hanging = new LinuxSandboxes({
	paths: fixture.paths,
	...fixture.tools,
	init: installInit(fixture.paths.root),
	runtime,
	patience: 1000,
	stackOf: () => ({ path: `/proc/${process.pid}/fd/${fixture.network}`, owner: undefined }),
});
after(async () => {
	hanging.close();
	await fixture.close();
});

const REFUSAL = {
	code: 'HOST_FAILED',
	why: `${runtime} did not start it within 1 s`,
	hint: /file system that the container mounts/,
};

/** Of conmon and the runtime nothing goes on. */
async function untilGone(container: string): Promise<void> {
	const left = () =>
		processesOf(fixture.directory).filter(({ command }) => command.includes(container) && command.includes(runtime));
	for (let tries = 0; left().length > 0; tries += 1) {
		assert.ok(tries < 300, JSON.stringify(left()));
		await sleep(100);
	}
}

test('making a sandbox is given up, and leaves nothing', async () => {
	const part = fixture.part(fixture.container(), {});
	await assert.rejects(
		translateErrors(make(part), () => hanging.make(part)),
		REFUSAL,
	);
	await untilGone(part.container);
	assert.equal(existsSync(fixture.paths.bundle(part.container)), false);
	// The next try is as if there had been none.
	assert.equal((await fixture.first(part)).end.code, 0);
	await fixture.sandboxes.unmake(part);
});

test('starting one more process is given up, attached or not, and leaves nothing', async () => {
	const part = fixture.part(fixture.container(), { argv: ['sleep', '1000'] });
	const { container } = part;
	await fixture.sandboxes.make(part);
	await fixture.sandboxes.run({ kind: 'first', container, attach: false });
	for (const attach of [true, false]) {
		const process = { argv: ['true'], env: [], user: '', tty: false, stdin: false };
		const running = hanging.run({ kind: 'additional', container, execution: `e${attach}`, process, attach });
		await assert.rejects(running, REFUSAL);
	}
	await untilGone(container);
	assert.deepEqual(readdirSync(join(fixture.paths.bundle(container), 'exec')), []);
	assert.equal((await fixture.exec(container, { argv: ['echo', 'hi'] })).stdout, 'hi\n');
});
