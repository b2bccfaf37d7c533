/** Input that the process does not read: who sends it waits, and nobody else does. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { processesOf } from '#test/testbed/snapshot.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

/** More than the sockets, the pipe and the daemon hold together. */
const SENT = 8 * 1024 * 1024;
const CHUNK = 64 * 1024;

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('run', '-d', '--name', 'c1', 'Debian', 'sleep', '3600');
});
after(() => host.close());

/** Feeds a process in the container, and resolves once no more of the input gets away: with what is left of it. */
async function feed(script: string) {
	const talk = host.converse(['exec', '-i', 'c1', '/bin/sh', '-c', script]);
	await talk.until(/begun\n/);
	let left = SENT / CHUNK;
	const chunks = function* () {
		for (; left > 0; left -= 1) yield Buffer.alloc(CHUNK);
	};
	Readable.from(chunks()).pipe(talk.child.stdin!);
	for (let before = -1, same = 0; same < 10; await sleep(100)) {
		same = left === before ? same + 1 : 0;
		before = left;
	}
	return { talk, left };
}

/** Processes of the host's containers whose command line is this. */
function running(command: string): number {
	return processesOf(host.root).filter((one) => one.command === command).length;
}

test('input for a process that does not read holds up its sender, not the daemon, and arrives whole', async () => {
	const { talk, left } = await feed('echo begun; until [ -e /tmp/go ]; do sleep 0.1; done; wc -c');
	assert.ok(left > 0, 'klee got rid of all of it');
	assert.match(await host.kleeOutput('lsc'), /c1/);
	assert.equal((await host.klee('exec', 'c1', 'touch', '/tmp/go')).code, 0);
	const { stdout, code } = await talk.ended;
	assert.equal(code, 0);
	assert.match(stdout, new RegExp(`\\n${SENT}\\n`));
});

test('a process that ends without having read its input ends the session', async () => {
	const { talk } = await feed('echo begun; until [ -e /tmp/end ]; do sleep 0.1; done; exit 7');
	await host.kleeOutput('exec', 'c1', 'touch', '/tmp/end');
	assert.equal((await talk.ended).code, 7);
});

test('a sender that vanishes while it has to wait is noticed', async () => {
	const { talk } = await feed('echo begun; exec sleep 3599');
	assert.equal(running('sleep 3599'), 1);
	talk.child.kill('SIGKILL');
	for (let tries = 0; running('sleep 3599') > 0; tries += 1) {
		assert.ok(tries < 300, 'its process goes on');
		await sleep(100);
	}
});
