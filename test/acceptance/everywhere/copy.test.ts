/** `klee cp` in both directions, of containers that run and of those that do not. On either host. */
import assert from 'node:assert/strict';
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;
let here: string;

before(async () => {
	host = await startHostUnderTest();
	here = mkdtempSync(join(tmpdir(), 'kleene-cp-'));
	mkdirSync(join(here, 'tree/inner'), { recursive: true });
	writeFileSync(join(here, 'tree/inner/file'), 'local\n', { mode: 0o640 });
	writeFileSync(join(here, 'tree/-odd name\n'), 'odd');
	symlinkSync('/etc', join(here, 'tree/link'));
	writeFileSync(join(here, 'big'), Buffer.alloc(3_000_000, 'b'));
});
afterEach(() => host.removeContainers());
after(async () => {
	rmSync(here, { recursive: true, force: true });
	await host.close();
});

test('files go in and out, while it runs and when it has stopped', async () => {
	await host.kleeOutput('run', '-d', '-l', 'disabled', '--name', 'web', host.image, 'sleep', '600');
	for (const state of ['running', 'stopped']) {
		await host.kleeOutput('cp', join(here, 'tree'), `web:/${state}`);
		await host.kleeOutput('cp', join(here, 'big'), `web:/${state}/inner/`);
		await host.kleeOutput('cp', `web:/${state}`, here);
		const back = join(here, state);
		assert.equal(readFileSync(join(back, 'inner/file'), 'utf8'), 'local\n');
		assert.equal(statSync(join(back, 'inner/file')).mode & 0o777, 0o640);
		assert.equal(readFileSync(join(back, '-odd name\n'), 'utf8'), 'odd');
		assert.equal(readlinkSync(join(back, 'link')), '/etc');
		assert.equal(statSync(join(back, 'inner/big')).size, 3_000_000);
		await host.kleeOutput('cp', `web:/${state}/-odd name\n`, join(here, `one-${state}`));
		assert.equal(readFileSync(join(here, `one-${state}`), 'utf8'), 'odd');
		const missing = await host.klee('cp', `web:/${state}/none`, here);
		assert.deepEqual([missing.code, /no such file/.test(missing.stderr)], [1, true], missing.stderr);
		if (state === 'running') {
			assert.equal((await host.klee('exec', 'web', 'true')).code, 0, 'it goes on');
			await host.kleeOutput('stop', '-t', '0', 'web');
		}
	}
	await host.kleeOutput('start', '-d', 'web');
});

test('what is no archive is refused, and a container goes on', async () => {
	await host.kleeOutput('run', '-d', '-l', 'disabled', '--name', 'web', host.image, 'sleep', '600');
	writeFileSync(join(here, 'junk'), 'no archive'.repeat(2000));
	const refused = await host.kleeWith({ input: readFileSync(join(here, 'junk'), 'utf8') }, 'cp', '-', 'web:/');
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /cannot copy to \/ in container/);
	assert.equal((await host.klee('exec', 'web', 'true')).code, 0);
});
