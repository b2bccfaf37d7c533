import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFilter, FILTER_SECTION } from '#host/freebsd/comparison/filter.ts';
import {
	filtered,
	forgetStates,
	memberJoins,
	memberLeaves,
	NetworkFilters,
	PublishedPorts,
} from '#host/freebsd/firewall/firewall.ts';
import { lackingOf, PF_STATE, readPfState } from '#host/freebsd/firewall/pf-state.ts';
import type { PartHandler } from '#host/freebsd/handler.ts';
import { parseRefusal } from '#host/freebsd/refusals.ts';
import type { Part } from '#model/part.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import { Script, sh } from '#os/shell/quote.ts';
import { ANCHORS, networks, PORT } from './landscape.ts';
import { type StubHost, stubHost } from './stub-host.ts';

const STORE = '1a2b3c4d';
const networkFilters: PartHandler<'network-filter'> = new NetworkFilters(STORE);
const publishedPorts: PartHandler<'published-ports'> = new PublishedPorts(STORE);
const [A, B, , C] = networks({ a: { icc: false } });
assert.ok(A && B && C);
const ADDRESS: IpnetAddressPart = {
	kind: 'ipnet-address',
	container: 'cccccccccccc',
	interface: 'em0',
	unit: 0,
	inside: 'em0',
	address: '192.168.1.51',
	subnet: '192.168.1.0/24',
	hostAddress: '',
	member: { network: C.network, shared: true, icc: true },
};
const APART: IpnetAddressPart = {
	...ADDRESS,
	interface: 'kleene0',
	address: '10.0.1.21',
	member: { network: A.network, shared: false, icc: false },
};

async function on(main: string | undefined, check: (host: StubHost) => Promise<void>): Promise<void> {
	const host = stubHost(main);
	try {
		await check(host);
	} finally {
		host.remove();
	}
}

async function does(host: StubHost, script: Parameters<StubHost['run']>[0]): Promise<void> {
	const { code, stderr } = await host.run(script);
	assert.equal(code, 0, stderr);
}

test('networks, ports and addresses leave nothing behind, and repeating each is no harm', () =>
	on(ANCHORS, async (host) => {
		const make = [
			networkFilters.make(A, {}),
			networkFilters.make(C, {}),
			memberJoins(ADDRESS, STORE),
			memberJoins(APART, STORE),
			publishedPorts.make(PORT, {}),
		];
		for (const script of [...make, ...make]) await does(host, script);
		assert.deepEqual(host.anchors(), [
			'kleene/from.aaaaaaaaaaaa',
			'kleene/from.aaaaaaaaaaaa/self/10.0.1.21',
			'kleene/from.cccccccccccc',
			'kleene/port.every.inet.tcp.8080',
			'kleene/to.aaaaaaaaaaaa',
			'kleene/to.cccccccccccc',
			'kleene/verdict',
		]);
		const unmake = [
			publishedPorts.unmake(PORT, {}),
			memberLeaves(ADDRESS),
			networkFilters.unmake(A, {}),
			memberLeaves(APART),
		];
		for (const script of [...unmake, ...unmake]) await does(host, script);
		assert.deepEqual(host.anchors(), ['kleene/from.cccccccccccc', 'kleene/to.cccccccccccc', 'kleene/verdict']);
		for (const _ of [1, 2]) await does(host, networkFilters.unmake(C, {}));
		assert.deepEqual(host.anchors(), []);
	}));

test('connections of what goes are ended', () =>
	on(ANCHORS, async (host) => {
		for (const part of [A, C]) await does(host, networkFilters.make(part, {}));
		const labels = ['from', 'to'].map(
			(what) => /label "([^"]+)"/.exec(host.read(`anchors/kleene%${what}.aaaaaaaaaaaa`))?.[1] ?? '',
		);
		for (const script of [
			publishedPorts.unmake(PORT, {}),
			memberLeaves(ADDRESS),
			forgetStates('fd00:a::11'),
			networkFilters.unmake(A, {}),
			networkFilters.unmake(C, {}),
		])
			await does(host, script);
		const [byPort, ...rest] = host
			.read('killed')
			.trimEnd()
			.split('\n')
			.map((line) => line.trim());
		assert.match(byPort ?? '', /^label kleene:1a2b3c4d:[0-9a-f]{16}$/);
		assert.deepEqual(
			rest.splice(4, 2).toSorted(),
			labels.toSorted().map((label) => `label ${label}`),
			'whoever they are from',
		);
		// By its rules, and nothing of the subnet of a shared interface: others have addresses there.
		assert.ok(
			rest.splice(-2).every((line) => /^label kleene:1a2b3c4d:[0-9a-f]{16}$/.test(line)),
			rest.join(),
		);
		assert.deepEqual(rest, [
			'192.168.1.51',
			'0.0.0.0/0 192.168.1.51',
			'fd00:a::11',
			'::/0 fd00:a::11',
			'10.0.1.0/24',
			'0.0.0.0/0 10.0.1.0/24',
			'fd00:a::/64',
			'::/0 fd00:a::/64',
		]);
	}));

test('one change is one anchor: the others are not loaded again', () =>
	on(ANCHORS, async (host) => {
		await does(host, networkFilters.make(A, {}));
		host.write('calls', '');
		await does(host, publishedPorts.make(PORT, {}));
		const loads = host
			.read('calls')
			.split('\n')
			.filter((call) => call.includes(' -f -'));
		assert.deepEqual(loads, ['-q -o none -a kleene/port.every.inet.tcp.8080 -f -']);
	}));

test('rules that pf refuses leave nothing of a network that had none, and those that it had', () =>
	on(ANCHORS, async (host) => {
		const bad = { ...A, interface: 'wrong0', icc: true };
		assert.equal((await host.run(networkFilters.make(bad, {}))).code, 1);
		assert.deepEqual(host.anchors(), ['kleene/verdict']);
		await does(host, networkFilters.make(A, {}));
		const before = host.anchors();
		assert.equal((await host.run(networkFilters.make(bad, {}))).code, 1);
		assert.deepEqual(host.anchors(), before);
	}));

const REFUSALS: [title: string, main: string | undefined, prepare: (host: StubHost) => void, why: RegExp][] = [
	['pf is not loaded', undefined, () => {}, /pf is not loaded/],
	['pf is not enabled', undefined, (host) => host.write('loaded', ''), /pf is not enabled/],
	['an anchor is not asked', ANCHORS.replace(/rdr-anchor.*\n/, ''), () => {}, /lack the line: rdr-anchor "kleene\/\*"/],
	[
		'an anchor is asked for some packets',
		ANCHORS.replace(/^anchor .*$/m, 'anchor "kleene/*" on em0 all'),
		() => {},
		/lack the line: anchor "kleene\/\*"/,
	],
];
for (const [title, main, prepare, why] of REFUSALS)
	test(`no network and no port where ${title}, and the way out is named`, () =>
		on(main, async (host) => {
			prepare(host);
			for (const script of [networkFilters.make(A, {}), publishedPorts.make(PORT, {})]) {
				const { code, stderr } = await host.run(script);
				assert.equal(code, 1);
				const [refusal, what, said, hint] = stderr.trimEnd().split('\t');
				assert.equal(refusal, 'KLEENE-REFUSAL UNSUPPORTED_HERE');
				assert.match(what ?? '', /^cannot (set up the rules of network|publish port)/);
				assert.match(said ?? '', why);
				assert.match(hint ?? '', /kleened setup-pf/);
			}
			assert.deepEqual(host.anchors(), []);
			for (const script of [networkFilters.unmake(A, {}), publishedPorts.unmake(PORT, {}), memberLeaves(ADDRESS)])
				await does(host, script);
		}));

test('a host without pf says what it lacks, one with it nothing, and passing over loopback is said', async () => {
	const lacking = async (host: StubHost) => lackingOf(readPfState((await host.run(PF_STATE)).stdout));
	await on(undefined, async (host) =>
		assert.match((await lacking(host)).join(), /^pf is not loaded: .*setup-pf --write/),
	);
	await on('pass all\n', async (host) =>
		assert.match((await lacking(host)).join(), /nat-anchor .* rdr-anchor .* anchor/),
	);
	await on(ANCHORS, async (host) => {
		assert.deepEqual(await lacking(host), []);
		host.write('interfaces', 'all\nem0\nlo (skip)\nlo0 (skip)\nkleene0\n');
		assert.match((await lacking(host)).join(), /^pf passes over lo, lo0/);
	});
});

test('what differs on the host is found, and what nothing has need of', () =>
	on(ANCHORS, async (host) => {
		const parts: Part[] = [A, B, C, PORT, ADDRESS, APART];
		for (const part of [A, B, C]) await does(host, networkFilters.make(part, {}));
		for (const script of [publishedPorts.make(PORT, {}), memberJoins(ADDRESS, STORE), memberJoins(APART, STORE)])
			await does(host, script);
		const compare = async (expected: readonly Part[]) =>
			compareFilter((await host.run(FILTER_SECTION)).stdout, expected, STORE);
		assert.deepEqual(await compare(parts), { differing: [], excess: [] });

		host.write('anchors/kleene%to.aaaaaaaaaaaa', 'pass all\n');
		host.write(
			'anchors/kleene%port.every.inet.tcp.8080',
			host.read('anchors/kleene%port.every.inet.tcp.8080').replace(/^rdr.*\n/, ''),
		);
		host.write('tables/kleene%from.cccccccccccc', '');
		const { differing } = await compare(parts);
		assert.deepEqual(
			differing.map(({ part, what }) => [part.kind, what]),
			[
				['network-filter', '1 rules of kleene/to.aaaaaaaaaaaa are not those that it was made with'],
				['published-ports', 'kleene/port.every.inet.tcp.8080 has 0 of 1 translation rules'],
				['ipnet-address', '192.168.1.51 is not among the containers of kleene/from.cccccccccccc'],
			],
		);

		const { excess } = await compare([B, C, ADDRESS]);
		assert.equal(excess.length, 2);
		for (const { parts: gone } of excess)
			for (const part of gone) {
				if (part.kind === 'network-filter') await does(host, networkFilters.unmake(part, {}));
				if (part.kind === 'published-ports') await does(host, publishedPorts.unmake(part, {}));
			}
		assert.deepEqual((await compare([B, C, ADDRESS])).excess, []);
	}));

test('rules of another kleened are named, and neither taken away nor written over', () =>
	on(ANCHORS, async (host) => {
		const [filters, ports] = [new NetworkFilters('deadbeef'), new PublishedPorts('deadbeef')];
		for (const script of [filters.make(A), ports.make(PORT), networkFilters.make(C, {})]) await does(host, script);
		host.write('anchors/kleene%from.eeeeeeeeeeee', 'pass all label "kleene:0123456789abcdef"\n');
		const before = host.read('anchors/kleene%port.every.inet.tcp.8080');
		const { excess, differing } = compareFilter((await host.run(FILTER_SECTION)).stdout, [C], STORE);
		assert.deepEqual(differing, []);
		assert.deepEqual(
			excess.map(({ what, parts }) => [what, parts]),
			[
				[
					'rules of another kleened (store deadbeef) in kleene/from.aaaaaaaaaaaa, kleene/port.every.inet.tcp.8080, kleene/to.aaaaaaaaaaaa',
					[],
				],
				['rules that do not say whose they are in kleene/from.eeeeeeeeeeee', []],
			],
		);
		const { code, stderr } = await host.run(publishedPorts.make(PORT, {}));
		assert.deepEqual([code, parseRefusal(stderr)?.code], [1, 'PORT_TAKEN']);
		assert.equal(host.read('anchors/kleene%port.every.inet.tcp.8080'), before);
	}));

test('an address is known to the rules before it is there, and no longer when it cannot be', () =>
	on(ANCHORS, async (host) => {
		const part: IpnetAddressPart = { ...APART, member: { network: C.network, shared: true, icc: false } };
		const describe = () => ['ifconfig ...'];
		const make = (text: string) =>
			filtered({ make: () => sh`${new Script(text)}`, unmake: () => sh`:`, describe }, STORE).make(part, {});
		const known = () => [host.read('tables/kleene%from.cccccccccccc'), host.anchors()];
		await does(host, networkFilters.make(C, {}));
		const before = known();
		const failed = await host.run(make('echo "no such address" >&2\nfalse\necho goes on'));
		assert.deepEqual([failed.code, failed.stdout, failed.stderr], [1, '', 'no such address\n']);
		assert.deepEqual(known(), before);
		await does(host, make('grep -qx 10.0.1.21 "$STATE/tables/kleene%from.cccccccccccc"'));
		assert.equal(known()[0], '10.0.1.21\n');
		assert.ok(host.exists('anchors/kleene%from.cccccccccccc%self%10.0.1.21'));
	}));
