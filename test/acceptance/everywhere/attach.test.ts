/** Coming back to the first process of a container, also after a restart of the daemon. On either host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(() => host.removeContainers());
after(() => host.close());

test('klee attach shows output from now on and exits as the process does, with a daemon that did not start it', async () => {
	const script = `trap 'echo out; echo err >&2; exit 7' TERM; echo before; while :; do echo tick; sleep 0.1; done`;
	const command = [host.image, '/bin/sh', '-c', script];
	await host.kleeOutput('run', '-d', '-l', 'disabled', '--name', 'later', ...command);
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	const talks = [host.converse(['attach', 'later']), host.converse(['attach', 'later'])];
	for (const talk of talks) await talk.until(/tick\r?\ntick/);
	await host.kleeOutput('kill', '-s', 'TERM', 'later');
	for (const { ended } of talks) {
		const { stdout, stderr, code } = await ended;
		assert.match(stdout, /tick\nout\n$/);
		assert.doesNotMatch(stdout, /before/);
		assert.match(stderr, /err\n/);
		assert.equal(code, 7);
	}
	const over = await host.klee('attach', 'later');
	assert.equal(over.code, 1);
	assert.match(over.stderr, /klee logs later/);
});
