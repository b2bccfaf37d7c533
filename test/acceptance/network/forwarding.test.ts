/** Names that are no container's: which name servers are asked for them, and from where. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, type TestContext, test } from 'node:test';
import { closeNamespace, openNamespace } from '#os/linux/netns.ts';
import { addressRecord, nameServerAt, say } from '#test/host-linux/dns/world.ts';
import { run } from '#test/testbed/command.ts';
import { KLEENED } from '#test/testbed/test-host.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR } from '#test/testbed/traffic/outside.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', '--internal', 'closed');
	await land.member('asks', '-l', 'vnet', '-n', 'net');
	await land.member('alone', '-l', 'vnet', '-n', 'closed');
});
after(() => land.close());

/** A name server in the world outside, that knows one name. @returns what it was asked */
async function outsideServer(t: TestContext, port: number, data: string): Promise<string[]> {
	const namespace = openNamespace(land.outside.namespace);
	t.after(() => closeNamespace(namespace));
	const names: string[] = [];
	await nameServerAt(t, { namespace, address: FAR.address, port }, (asked) => {
		const { name, type } = asked.question;
		names.push(name);
		return [say(asked, { answers: type === 'A' && name === 'www.example' ? [addressRecord(name, data)] : [] })];
	});
	return names;
}

async function address(container: string, name: string): Promise<string> {
	const { stdout } = await land.host.klee('exec', container, 'getent', 'ahostsv4', name);
	return /^(\S+)\s+STREAM/m.exec(stdout)?.[1] ?? '';
}

async function restart(...options: readonly string[]): Promise<void> {
	await land.host.stopDaemon();
	await land.host.startDaemon(...options);
}

test('a namespace that is the host may have a resolv.conf of its own, and is where questions leave from', async (t) => {
	const names = await outsideServer(t, 53, '198.51.100.7');
	const folder = `/etc/netns/${land.host.namespace}`;
	t.after(() => {
		rmSync(folder, { recursive: true, force: true });
		if (readdirSync('/etc/netns').length === 0) rmdirSync('/etc/netns');
	});
	mkdirSync(folder, { recursive: true });
	writeFileSync(`${folder}/resolv.conf`, `nameserver ${FAR.address}\n`);
	await restart();
	assert.equal(await address('asks', 'www.example'), '198.51.100.7');
	assert.equal(await address('asks', 'asks'), '10.4.6.2');
	assert.equal(await address('alone', 'www.example'), '', 'not on an internal network');
	assert.deepEqual([...new Set(names)], ['www.example']);
});

test('--dns names the servers', async (t) => {
	await outsideServer(t, 5353, '198.51.100.8');
	await restart('--dns', `${FAR.address}:5353`);
	assert.equal(await address('asks', 'www.example'), '198.51.100.8');
});

test('--dns with what is no address is refused', async () => {
	const { code, stderr } = await run([KLEENED, '--root', `${land.host.folder}/other`, '--dns', 'ns1.example']);
	assert.equal(code, 1);
	assert.match(stderr, /error: cannot forward names to "ns1.example"\n.*why: .*not the address.*\n.*hint: write an/);
});

test('a container on an internal and an open network finds names outside, in whatever order it joined, also while it runs', async (t) => {
	await outsideServer(t, 5353, '198.51.100.9');
	await restart('--dns', `${FAR.address}:5353`);
	for (const driver of ['vnet', 'ipnet']) {
		const name = `both-${driver}`;
		await land.member(name, '-l', driver, '-n', 'closed', '-n', 'net');
		assert.equal(await address(name, 'www.example'), '198.51.100.9', driver);
		assert.notEqual(await address(name, 'alone'), '', 'and those of the internal one');
		await land.host.kleeOutput('network', 'disconnect', 'net', name);
		assert.equal(await address(name, 'www.example'), '', 'not on the internal one alone');
		assert.notEqual(await address(name, 'alone'), '');
		await land.host.kleeOutput('network', 'connect', 'net', name);
		assert.equal(await address(name, 'www.example'), '198.51.100.9', `${driver}, connected while it runs`);
		const own = await land.host.kleeOutput('exec', name, 'cat', '/etc/resolv.conf');
		assert.match(own, /nameserver 10\.4\.6\.1\nnameserver 10\.4\.7\.1/);
	}
});
