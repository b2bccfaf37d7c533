/** Sessions of a daemon that ends: their clients are told, their processes go on, and can be attached again. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());

const COUNT = 'i=0; while :; do i=$((i+1)); echo $1 $i; sleep 0.1; done';
const counting = (word: string) => ['/bin/sh', '-c', COUNT, 'sh', word];

const REASONS = {
	SIGTERM: 'kleened was stopped; the process goes on',
	SIGKILL: 'the connection to kleened broke off (code 1006)',
} as const;

for (const [signal, reason] of Object.entries(REASONS) as [keyof typeof REASONS, string][])
	test(`sessions of a daemon that ends by ${signal} are told why, with exit code 125, and go on`, async () => {
		const first = host.converse(['run', '--name', 'web', host.image, ...counting('first')]);
		await first.until(/first 3\n/);
		const second = host.converse(['exec', 'web', ...counting('second')]);
		await second.until(/second 3\n/);
		const [{ id } = { id: '' }] = await host.kleeJson<{ id: string }[]>('lsc');
		await host.stopDaemon(signal);
		const [ofRun, ofExec] = [await first.ended, await second.ended];
		assert.deepEqual([ofRun.code, ofExec.code], [125, 125]);
		const told = `error: the session was cut off: ${reason}\n hint: when kleened runs again, type "klee attach`;
		assert.ok(ofRun.stderr.endsWith(`${told} ${id}"\n`), ofRun.stderr);
		assert.ok(ofExec.stderr.includes(`${told} CONTAINER"`), ofExec.stderr);
		const processes = host.leftovers().filter((line) => / sh (first|second)$/.test(line));
		// The first one has an init beside it.
		assert.equal(processes.length, 3, processes.join('\n'));

		await host.startDaemon();
		const again = host.converse(['attach', 'web']);
		await again.until(/first \d+\n/);
		await host.kleeOutput('rmc', '-f', 'web');
		await again.ended;
		await eventually('nothing of it runs', () => host.leftovers().length === 0);
	});

test('a daemon that stops waits for no client that does not read', async () => {
	const flood = host.converse(['run', '--name', 'flood', host.image, 'yes']);
	await flood.until(/y\ny\n/);
	flood.child.kill('SIGSTOP');
	const start = performance.now();
	assert.equal(await host.stopDaemon('SIGTERM'), 0);
	assert.ok(performance.now() - start < 5000);
	flood.child.kill('SIGKILL');
	await flood.ended;
	await host.startDaemon();
	await host.kleeOutput('rmc', '-f', 'flood');
});
