/** Attacks that take more than a command inside of one container: other tests make them, and name the outcome. */

export interface ProvenAttack {
	readonly what: string;
	readonly drivers: string;
	readonly outcome: string;
	readonly by: string;
	/** The test: its file below `test/` and a part of its title. */
	readonly test: readonly [file: string, title: string];
}

const NETWORK = 'acceptance/network';

export const PROVEN: readonly ProvenAttack[] = [
	{
		what: 'configure the network of the host through the number that the cable has for it (IFLA_TARGET_NETNSID)',
		drivers: 'vnet',
		outcome: 'EACCES',
		by: 'user namespace',
		test: [`${NETWORK}/confinement.test.ts`, 'is not for the root of a vnet container'],
	},
	{
		what: 'send with an address that no interface leads back to',
		drivers: 'vnet',
		outcome: 'dropped',
		by: 'reverse path check in nftables',
		test: [`${NETWORK}/pretending.test.ts`, 'nobody sends from an address'],
	},
	{
		what: 'leave an internal network with an address of another network',
		drivers: 'vnet',
		outcome: 'dropped',
		by: 'reverse path check in nftables',
		test: [`${NETWORK}/pretending.test.ts`, 'out of an internal network nothing gets'],
	},
	{
		what: 'use or join connections of a member of another network, with its address',
		drivers: 'vnet, ipnet',
		outcome: 'dropped',
		by: 'reverse path check in nftables, per interface and address',
		test: [`${NETWORK}/borrowed-addresses.test.ts`, 'container passes for no member of another network'],
	},
	{
		what: 'pass --publish-from with an address of another network',
		drivers: 'vnet, ipnet',
		outcome: 'dropped',
		by: 'reverse path check in nftables',
		test: [`${NETWORK}/borrowed-addresses.test.ts`, 'container passes for no member of another network'],
	},
	{
		what: 'receive the frames of another member by using its MAC address',
		drivers: 'vnet',
		outcome: 'nothing is received',
		by: 'addresses pinned to bridge ports',
		test: [`${NETWORK}/filled-bridge.test.ts`, 'what is for a member does not go to who uses its MAC address'],
	},
	{
		what: 'fill the address table of the bridge, to see the frames of others',
		drivers: 'vnet',
		outcome: 'bounded; others are unaffected',
		by: 'limit of learned addresses, pinned addresses',
		test: [`${NETWORK}/filled-bridge.test.ts`, 'the table of a bridge has its bounds'],
	},
	{
		what: 'fill connection tracking of the host',
		drivers: 'vnet, ipnet',
		outcome: 'bounded; others are unaffected',
		by: 'limit of connections per address',
		test: [`${NETWORK}/filled-connections.test.ts`, 'container has its limit'],
	},
	{
		what: 'flood the resolver',
		drivers: 'vnet, ipnet',
		outcome: 'bounded; others are answered',
		by: 'limit of queries per address, fair queueing',
		test: [`${NETWORK}/filled-resolver.test.ts`, 'container that floods its resolver are answered'],
	},
	{
		what: 'send malformed DNS packets to the resolver',
		drivers: 'vnet, ipnet',
		outcome: 'refused or ignored; it goes on answering',
		by: 'parser with bounds',
		test: ['host-linux/dns/hostile.test.ts', 'a resolver that is sent anything goes on answering'],
	},
	{
		what: 'reach members of an internal network, or the outside from one',
		drivers: 'vnet, ipnet',
		outcome: 'refused',
		by: 'nftables',
		test: [
			`${NETWORK}/isolation.test.ts`,
			'internal: members reach each other, and nothing else reaches or is reached',
		],
	},
	{
		what: 'reach another network without published ports',
		drivers: 'vnet, ipnet',
		outcome: 'refused',
		by: 'nftables',
		test: [
			`${NETWORK}/isolation.test.ts`,
			'networks reach each other, and the outside reaches them, by published ports only',
		],
	},
	{
		what: 'receive packets for the previous holder of an address',
		drivers: 'vnet, ipnet',
		outcome: 'nothing is received',
		by: 'tracked connections are deleted',
		test: [`${NETWORK}/handover.test.ts`, 'container that is removed'],
	},
	{
		what: 'use the host as a router between its neighbours',
		drivers: 'neighbours of the host',
		outcome: 'dropped',
		by: 'forwarding per interface',
		test: [`${NETWORK}/pretending.test.ts`, 'the host is made no router'],
	},
	{
		what: 'reach a port published on 127.0.0.1 from the uplink',
		drivers: 'neighbours of the host',
		outcome: 'dropped',
		by: 'nftables',
		test: [`${NETWORK}/pretending.test.ts`, 'what is published on the loopback of the host'],
	},
	{
		what: 'write any amount or nonsense into the status file of the init (/dev/.kleene/status)',
		drivers: 'all',
		outcome: 'only its exit code is lost',
		by: 'bounded read, every field checked',
		test: ['acceptance/security/inside.test.ts', 'what root writes into the status file'],
	},
	{
		what: 'make /etc/passwd a link to the host, a FIFO or endless, and have `klee exec` read it',
		drivers: 'all',
		outcome: 'refused or read inside of the container; other containers are unaffected',
		by: 'openat2 with RESOLVE_IN_ROOT, regular files only, bounded read',
		test: ['acceptance/security/inside.test.ts', 'whatever /etc/passwd is'],
	},
	{
		what: 'replace the target of a volume by a link to a directory of the host, before a restart',
		drivers: 'all',
		outcome: 'mounted inside of the container',
		by: 'openat2 with RESOLVE_IN_ROOT, the runtime resolves inside of its root',
		test: ['acceptance/security/inside.test.ts', 'a link in place of the target of a mount'],
	},
	{
		what: 'start more processes than the host has room for',
		drivers: 'all',
		outcome: 'EAGAIN inside; others are unaffected',
		by: 'limit of processes per container (pids control group)',
		test: ['acceptance/security/inside.test.ts', 'a container that starts processes without end'],
	},
	{
		what: 'unpack an image outside of its directory (.., absolute names, links, duplicates)',
		drivers: 'images',
		outcome: 'refused',
		by: 'extraction by descriptors, no name is followed out of the root',
		test: ['os/archive/extract.test.ts', 'refuses'],
	},
	{
		what: 'bring device nodes along in an image',
		drivers: 'images',
		outcome: 'left out',
		by: 'the extractor makes none',
		test: ['fuzz/archives.test.ts', 'whatever an archive says'],
	},
];
