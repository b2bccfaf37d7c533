/** Who waits on which port, as the kernel answers it. */
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { listWaiting, type WaitingSocket } from '#os/linux/netlink/socket-diag.ts';
import { findWaiting, listSlowly, type PortQuestion } from '#os/linux/port-use.ts';
import { bindDatagrams, listenForConnections } from '#os/linux/sockets.ts';
import { processorTime } from '#test/testbed/processor-time.ts';
import { openDescriptors, place } from './namespaces.ts';
import { connected, inside } from './streams.ts';

function world(t: TestContext) {
	const { fd: namespace, net } = place(t);
	net.addresses.add(net.links.get('lo').index, '192.0.2.1/32');
	const ask = (protocol: 'tcp' | 'udp', address: string, port: number) =>
		findWaiting({ namespace, protocol, address, first: port, last: port });
	const hold = (fd: number) => t.after(() => closeSync(fd));
	return { namespace, ask, hold };
}

for (const protocol of ['tcp', 'udp'] as const)
	test(`a process that waits is found by whatever address it shares, ${protocol}`, (t) => {
		const { namespace, ask, hold } = world(t);
		const wait = (address: string, port: number) => {
			const at = { namespace, address, port };
			hold(protocol === 'tcp' ? listenForConnections(at) : bindDatagrams(at));
		};
		wait('127.0.0.1', 8001);
		wait('0.0.0.0', 8002);
		wait('::', 8003);
		wait('::1', 8004);
		const at = (address: string, port: number) => ask(protocol, address, port)?.address;
		assert.equal(at('0.0.0.0', 8001), '127.0.0.1');
		assert.equal(at('127.0.0.1', 8001), '127.0.0.1');
		assert.equal(at('192.0.2.1', 8001), undefined);
		assert.equal(at('::', 8001), undefined);
		assert.equal(at('192.0.2.1', 8002), '0.0.0.0');
		assert.equal(at('::', 8002), undefined);
		assert.equal(at('::1', 8003), '::');
		assert.equal(at('0.0.0.0', 8003), undefined, 'it waits for IPv6 alone');
		assert.equal(at('::', 8004), '::1');
		assert.equal(at('0.0.0.0', 8004), undefined);
		assert.equal(ask(protocol === 'tcp' ? 'udp' : 'tcp', '0.0.0.0', 8002), undefined);
		assert.equal(findWaiting({ namespace, protocol, address: '0.0.0.0', first: 7990, last: 8010 })?.port, 8001);

		const range = { protocol, first: 8002, last: 8003 };
		const named = (list: readonly WaitingSocket[]) => list.map((one) => `${one.port} ${one.address}`).sort();
		assert.deepEqual(named(listWaiting(namespace, [4, 6], range)), ['8002 0.0.0.0', '8003 ::']);
		assert.deepEqual(named(listSlowly({ namespace, ...range })), ['8002 0.0.0.0', '8003 ::']);
	});

test('one that waits for both families at once is in the way of either', async (t) => {
	const { namespace, ask } = world(t);
	const program = `
import socket, subprocess, sys
s = socket.create_server(('', 8080), family=socket.AF_INET6, dualstack_ipv6=True)
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0); u.bind(('::ffff:127.0.0.1', 8081))
print('ready', flush=True); sys.stdin.read()`;
	const { spawn } = await import('node:child_process');
	const { within } = await import('#os/linux/netns.ts');
	const child = within(namespace, () => spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] }));
	t.after(() => child.kill('SIGKILL'));
	await new Promise((resolve) => child.stdout.once('data', resolve));
	assert.equal(ask('tcp', '192.0.2.1', 8080)?.address, '::');
	assert.equal(ask('tcp', '::', 8080)?.address, '::');
	assert.equal(ask('udp', '0.0.0.0', 8081)?.address, '127.0.0.1');
	assert.equal(ask('udp', '192.0.2.1', 8081), undefined);
});

test('an outgoing connection does not wait on its port', (t) => {
	const { namespace, ask } = world(t);
	const target = { address: '127.0.0.1', port: 8080 };
	const connection = connected(namespace, namespace, { target });
	t.after(connection.close);
	const port = Number(/127\.0\.0\.1:(\d+) +127\.0\.0\.1:8080/.exec(inside(namespace, 'ss', '-Htn'))?.[1]);
	assert.ok(port > 0);
	assert.equal(ask('tcp', '0.0.0.0', port), undefined);
	assert.equal(ask('tcp', '0.0.0.0', 8080), undefined, 'nobody waits there any more');
});

test('two hundred ports are looked at in well under 2 ms, and nothing is left open', (t) => {
	const { namespace } = world(t);
	const ask = (more: Partial<PortQuestion>) =>
		findWaiting({ namespace, protocol: 'tcp', address: '0.0.0.0', first: 5000, last: 5199, ...more });
	ask({});
	const before = openDescriptors();
	for (const protocol of ['tcp', 'udp'] as const)
		for (const address of ['0.0.0.0', '::']) {
			const times = Array.from({ length: 10 }, () => processorTime(() => ask({ protocol, address })));
			const best = Math.min(...times);
			t.diagnostic(`${protocol} ${address}: ${best.toFixed(2)} ms`);
			assert.ok(best < 2, `${best} ms`);
		}
	assert.equal(openDescriptors(), before);
});
