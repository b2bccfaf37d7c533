/** The world of `test/reach/world.ts` on a throw-away Linux host, made by the handlers that make it for users. */
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { Firewall } from '#host/linux/firewall/firewall.ts';
import type { PartHandler } from '#host/linux/handler.ts';
import { LinuxNetwork } from '#host/linux/network/network.ts';
import { formatAddress } from '#inet/address.ts';
import { familyEntries } from '#inet/family.ts';
import { addressesOf } from '#model/endpoint.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Part, PartKind } from '#model/part.ts';
import { within } from '#os/linux/netns.ts';
import { Answerers } from '#test/os/linux/datagrams.ts';
import { type Place, place } from '#test/os/linux/namespaces.ts';
import { FAR, NEIGHBOUR, planWorld, type Settings, UPLINK, type World } from '#test/reach/world.ts';

const TRAITS: HostTraits = {
	ipnetHasEpair: true,
	jailParameters: 'mapped',
	innerNames: 'position',
	names: 'resolver',
	checksSources: true,
};

/** Next hop of the host's default route. */
const ROUTER = ['192.168.1.254', 'fd00:1::fe'] as const;

export interface LinuxWorld {
	readonly world: World;
	readonly answerers: Answerers;
	/** Descriptor of the namespace of a party. */
	namespaceOf(party: string): number;
}

export async function linuxWorld(t: TestContext, settings: Settings): Promise<LinuxWorld> {
	const host = place(t);
	const outside = place(t);
	for (const { fd } of [host, outside]) {
		unlimitRefusals(fd);
		skipDuplicateDetection(fd);
	}
	connectUplink(host, outside);
	const network = new LinuxNetwork({ hostNamespace: host.fd });
	t.after(() => network.close());
	const firewall = new Firewall(host.fd, network.forwarding);
	t.after(() => firewall.close());
	const world = planWorld(settings, 'eth0', TRAITS);
	for (const part of [...world.parts, ...[...world.containers.values()].flatMap(({ parts }) => parts)])
		await make(part, network, firewall);
	const answerers = new Answerers();
	t.after(() => answerers.close());
	const namespaceOf = (party: string) => {
		if (party === 'host') return host.fd;
		if (party === 'neighbour' || party === 'far') return outside.fd;
		return network.stackOf(world.containers.get(party)?.id ?? '')?.fd ?? fail(party);
	};
	listen(world, answerers, namespaceOf);
	return { world, answerers, namespaceOf };
}

function fail(party: string): never {
	throw new Error(`${party} has no stack`);
}

/** Host and outside on one wire, which is the whole of the uplink's subnet. */
function connectUplink(host: Place, outside: Place): void {
	host.net.links.createVeth({ name: 'eth0' }, { name: 'wire', namespace: outside.fd });
	host.net.links.set('eth0', { up: true });
	outside.net.links.set('wire', { up: true });
	const [near, far] = [host.net.links.get('eth0').index, outside.net.links.get('wire').index];
	const prefixes = [24, 64];
	for (const family of [0, 1]) {
		host.net.addresses.add(near, `${UPLINK.addresses[family]}/${prefixes[family]}`);
		for (const own of [NEIGHBOUR, ROUTER]) outside.net.addresses.add(far, `${own[family]}/${prefixes[family]}`);
		outside.net.addresses.add(outside.net.links.get('lo').index, `${FAR[family]}/${family ? 128 : 32}`);
		const [everywhere, gateway] = [['0.0.0.0/0', '::/0'][family] ?? '', ROUTER[family] ?? ''];
		host.net.routes.add({ destination: everywhere, link: near, gateway });
		const inside = ['10.0.0.0/16', 'fd00::/16'][family] ?? '';
		outside.net.routes.add({ destination: inside, link: far, gateway: UPLINK.addresses[family] ?? '' });
	}
}

/** An address is used at once: for its first second it answers nobody otherwise. */
function skipDuplicateDetection(namespace: number): void {
	within(namespace, () => {
		for (const which of ['all', 'default']) writeFileSync(`/proc/sys/net/ipv6/conf/${which}/accept_dad`, '0');
	});
}

/** The kernel tells a sender once a second at most why it refuses; these tests ask thousands of times. */
function unlimitRefusals(namespace: number): void {
	within(namespace, () => {
		writeFileSync('/proc/sys/net/ipv4/icmp_ratemask', '0');
		writeFileSync('/proc/sys/net/ipv6/icmp/ratelimit', '0');
		writeFileSync('/proc/sys/net/ipv6/icmp/ratemask', '255');
	});
}

async function make(part: Part, network: LinuxNetwork, firewall: Firewall): Promise<void> {
	const handlers: Partial<{ readonly [K in PartKind]: PartHandler<K> }> = {
		...network.handlers,
		'network-filter': firewall.networks,
		'filter-member': firewall.members,
		'asymmetric-source': firewall.asymmetricSources,
		'published-ports': firewall.ports,
	};
	await handlers[part.kind]?.make(part as never, {});
}

/** Everyone on port 80 of every address, the host also as some service and as a name server. */
function listen({ containers, networks }: World, answerers: Answerers, namespaceOf: (party: string) => number): void {
	for (const { name, liveEndpoints } of containers.values())
		for (const address of liveEndpoints.flatMap(({ endpoint }) => addressesOf(endpoint)))
			answerers.listen(namespaceOf(name), name, address, 80);
	for (const address of NEIGHBOUR) answerers.listen(namespaceOf('neighbour'), 'neighbour', address, 80);
	for (const address of FAR) answerers.listen(namespaceOf('far'), 'far', address, 80);
	for (const address of UPLINK.addresses) answerers.listen(namespaceOf('host'), 'host', address, 7);
	for (const { families } of [networks.a, networks.b])
		for (const [, { gateway }] of familyEntries(families))
			for (const port of gateway ? [7, 53] : [])
				answerers.listen(namespaceOf('host'), 'host', formatAddress(gateway!.address), port);
}
