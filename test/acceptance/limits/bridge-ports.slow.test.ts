/** A bridge with all the ports that a kernel gives it: one container more is refused in full, and everything else goes on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { run } from '#test/testbed/command.ts';
import { within } from '#test/testbed/network-namespace.ts';
import { LimitedHost } from './limited-host.ts';

/** Those of a bridge (BR_MAX_PORTS in net/bridge/br_private.h), of which number 0 is none. */
const PORTS = 1023;

let limited: LimitedHost;
before(async () => {
	limited = await LimitedHost.start();
});
after(() => limited.host.close());

test('the ports of a bridge: a container more is refused, and nothing of its cable is left', async () => {
	const { host } = limited;
	const batch = (lines: readonly string[]) =>
		run([...within(host.namespace), 'ip', '-batch', '-'], { input: lines.join('\n'), timeout: 200_000 });
	await limited.neighbour();
	await limited.network('net', '--subnet', '10.4.6.0/24');
	assert.equal((await limited.container('first', '-n', 'net')).code, 0);
	const { network } = await host.kleeJson<{ network: { interface: string } }>('isn', 'net');
	// The one of the first container is among them.
	const numbers = Array.from({ length: PORTS - 1 }, (_, index) => index);
	const added = numbers.map((n) => `link add name fill${n} master ${network.interface} type veth peer name peer${n}`);
	const filled = await batch(added);
	assert.equal(filled.code, 0, filled.stderr);
	const before = (await host.interfaces()).length;
	await limited.requireRefused(await limited.container('second', '-n', 'net'), /port|full/i);
	assert.equal((await host.interfaces()).length, before);
	const ping = await host.klee('exec', 'first', 'ping', '-c', '1', '-W', '5', '10.4.6.1');
	assert.match(ping.stdout, / 0% packet loss/);
	await batch(numbers.map((n) => `link delete fill${n}`));
	assert.equal((await limited.container('third', '-n', 'net')).code, 0);
});
