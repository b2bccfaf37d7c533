/** Our table of the firewall, replaced by something that ours cannot be restored over. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestHost } from '#test/testbed/test-host.ts';

/** `container_interfaces` holds names of interfaces. */
const OTHER =
	'delete table inet kleene; add table inet kleene; add set inet kleene container_interfaces { type ipv4_addr; }; add chain inet kleene theirs';

let host: TestHost;

before(async () => {
	host = await TestHost.start();
});
after(() => host.close());

const table = () => host.insideOutput('nft', '-s', 'list', 'table', 'inet', 'kleene').catch(() => '');

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
	for (let tries = 0; !(await holds()); tries += 1) {
		assert.ok(tries < 300, `${what}:\n${await table()}\n${host.log}`);
		await sleep(100);
	}
}

test('the daemon says that it cannot restore it, goes on, and restores it once that is gone', async () => {
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	const { daemonPid } = host;
	await host.insideOutput('nft', OTHER);
	await until('nobody says so', async () => host.log.includes('cannot restore table inet kleene'));
	assert.match(await host.kleeOutput('lsn'), /net/);
	assert.equal(host.daemonPid, daemonPid);
	await host.insideOutput('nft', 'delete', 'table', 'inet', 'kleene');
	await until('it is not restored', async () => /set container_interfaces \{\s*type ifname/.test(await table()));
});
