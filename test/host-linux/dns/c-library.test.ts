import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fixedUpstreams } from '#host/linux/dns/upstreams.ts';
import { type Outcome, run } from '#test/testbed/command.ts';
import { addressRecord, nameServer, say, WEB, type World, world } from './world.ts';

/** `getent` in the namespace, with a resolv.conf of its own that is gone with its mount namespace. */
function getent(t: TestContext, { fd }: World, configuration: string): (...args: string[]) => Promise<Outcome> {
	const folder = mkdtempSync(join(tmpdir(), 'kleene-resolver-'));
	t.after(() => rmSync(folder, { recursive: true }));
	const path = join(folder, 'resolv.conf');
	writeFileSync(path, configuration);
	const script = 'mount --bind "$0" /etc/resolv.conf && exec getent "$@"';
	const inside = ['nsenter', `--net=/proc/${process.pid}/fd/${fd}`, 'unshare', '--mount', 'sh', '-c', script, path];
	return (...args) => run([...inside, ...args]);
}

for (const [family, server] of [
	['IPv4', '10.4.6.1'],
	['IPv6', 'fd00:46::1'],
]) {
	test(`the C library finds containers, and the rest of the world, over ${family}`, async (t) => {
		const upstream = await nameServer(t, (asked) => {
			if (asked.question.name !== 'outside.example') return [say(asked, { flags: 3 })];
			const answers = asked.question.type === 'A' ? [addressRecord('outside.example', '192.0.2.1')] : [];
			return [say(asked, { answers })];
		});
		const host = world(t, { upstreams: fixedUpstreams([upstream.text]) });
		host.resolver.open('web', WEB);
		const hosts = getent(t, host, `nameserver ${server}\nsearch kleene corp.example\n`);
		const first = async (...args: string[]) => (await hosts(...args)).stdout.split(/\s+/).slice(0, 2);
		assert.deepEqual(await first('ahostsv4', 'www'), ['10.4.6.2', 'STREAM']);
		assert.deepEqual(await first('ahostsv6', 'www'), ['fd00:46::2', 'STREAM']);
		assert.deepEqual(await first('hosts', 'four.kleene'), ['10.4.6.3', 'four.kleene']);
		assert.deepEqual(await first('hosts', '10.4.6.2'), ['10.4.6.2', 'www.kleene']);
		assert.deepEqual(await first('hosts', 'outside.example'), ['192.0.2.1', 'outside.example']);
		assert.equal((await hosts('ahosts', 'many')).stdout.split('STREAM').length, 101, 'over a stream');
		assert.equal((await hosts('hosts', 'missing')).code, 2);
	});
}

test('without forwarding the C library hears at once that a name does not exist', async (t) => {
	const host = world(t);
	host.resolver.open('web', WEB, { forward: false });
	const hosts = getent(t, host, 'nameserver 10.4.6.1\nsearch corp.example kleene\n');
	const start = performance.now();
	assert.equal((await hosts('hosts', 'example.com')).code, 2);
	assert.equal((await hosts('hosts', 'www')).code, 0, 'the search list goes on to its end');
	assert.ok(performance.now() - start < 4000, 'the C library would wait for five seconds');
});
