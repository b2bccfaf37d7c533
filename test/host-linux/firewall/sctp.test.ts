/** Ports of SCTP: packets that begin an association pass the rules, whether or not this kernel has sockets for them. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Firewall } from '#host/linux/firewall/firewall.ts';
import { within } from '#os/linux/netns.ts';
import { place } from '#test/os/linux/namespaces.ts';
import { answers } from '#test/os/linux/packets.ts';
import { isSound, RawSocket, SCTP, sctpPacket } from '#test/os/linux/raw-packets.ts';
import { IDLE, NETWORK, PORTS } from '../network/filter-parts.ts';

const TRACKED = '/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established';
const skip = existsSync(TRACKED) ? false : 'this kernel tracks no connections of SCTP';

const BLOCKS = {
	4: { prefix: 24, host: '192.0.2.1', client: '192.0.2.9', gateway: '10.4.6.1', target: '10.4.6.2', all: '0.0.0.0/0' },
	6: {
		prefix: 64,
		host: '2001:db8:2::1',
		client: '2001:db8:2::9',
		gateway: 'fd00:4:6::1',
		target: 'fd00:4:6::2',
		all: '::/0',
	},
} as const;

/** A client, a host that forwards, and a container behind `kleene0`. */
async function chain(t: TestContext) {
	const [client, host, target] = [place(t), place(t), place(t)];
	for (const { fd } of [client, host, target])
		within(fd, () => {
			for (const which of ['all', 'default']) writeFileSync(`/proc/sys/net/ipv6/conf/${which}/accept_dad`, '0');
			writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
			writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
		});
	for (const [name, other] of [
		['eth0', client],
		['kleene0', target],
	] as const) {
		host.net.links.createVeth({ name }, { name: 'wire', namespace: other.fd });
		host.net.links.set(name, { up: true });
		other.net.links.set('wire', { up: true });
	}
	for (const { prefix, host: near, client: far, gateway, target: inside, all } of Object.values(BLOCKS)) {
		host.net.addresses.add(host.net.links.get('eth0').index, `${near}/${prefix}`);
		host.net.addresses.add(host.net.links.get('kleene0').index, `${gateway}/${prefix}`);
		const [wire, cable] = [client.net.links.get('wire').index, target.net.links.get('wire').index];
		client.net.addresses.add(wire, `${far}/${prefix}`);
		target.net.addresses.add(cable, `${inside}/${prefix}`);
		client.net.routes.add({ destination: all, link: wire, gateway: near });
		target.net.routes.add({ destination: all, link: cable, gateway });
		await answers(client.fd, near);
		await answers(target.fd, gateway);
	}
	return { client, host, target };
}

for (const family of [4, 6] as const)
	test(`IPv${family}: a published port leads to the container and back, others are shut`, { skip }, async (t) => {
		const { client, host, target } = await chain(t);
		const { host: near, client: far, target: inside } = BLOCKS[family];
		const firewall = new Firewall(host.fd, IDLE);
		t.after(() => firewall.close());
		firewall.networks.make({ ...NETWORK, icc: true }, {});
		const port = { ...PORTS, protocol: 'sctp', first: 8080, last: 8080, target: inside } as const;
		await firewall.ports.make(port, {});
		const [asking, answering] = [client, target].map(({ fd }) => new RawSocket(fd, family, SCTP)) as [
			RawSocket,
			RawSocket,
		];
		t.after(() => {
			asking.close();
			answering.close();
		});
		asking.send(near, sctpPacket(5000, 8081, 0));
		asking.send(inside, sctpPacket(5000, 80, 0));
		asking.send(near, sctpPacket(5001, 8080, 0));
		const { from, data } = await answering.next();
		assert.equal(from, far);
		assert.deepEqual([data.readUInt16BE(0), data.readUInt16BE(2), isSound(data)], [5001, 80, true]);
		answering.send(far, sctpPacket(80, 5001, 7));
		const back = await asking.next();
		assert.equal(back.from, near, 'the host speaks');
		assert.deepEqual([back.data.readUInt16BE(0), back.data.readUInt16BE(2), isSound(back.data)], [8080, 5001, true]);
		await firewall.ports.unmake(port, {});
		asking.send(near, sctpPacket(5002, 8080, 0));
		await firewall.ports.make({ ...port, first: 9090, last: 9090 }, {});
		asking.send(near, sctpPacket(5003, 9090, 0));
		assert.equal((await answering.next()).data.readUInt16BE(0), 5003, 'nothing came by the port that is gone');
	});
