/** The map of the networks: as data, as a stream of changes, and as klee draws it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Topology, TopologyChange, TopologyLine } from '#api/observability/topology.ts';
import { openClient } from '#client/client.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	const create = (...words: string[]) => host.kleeOutput('network', 'create', '-t', 'bridge', ...words);
	await create('--subnet', '10.4.6.0/24', '--subnet6', 'fd00:6::/64', 'front');
	await create('--subnet', '10.5.0.0/24', '--internal', '--no-icc', 'back');
	const run = (...words: string[]) => host.kleeOutput('run', '-d', ...words, 'Debian', 'sleep', '600');
	await run('--name', 'web', '-l', 'vnet', '-n', 'front', '-p', '8080:80');
	await host.kleeOutput('network', 'connect', 'back', 'web');
	await host.kleeOutput('create', '--name', 'db', '-l', 'ipnet', '-n', 'back', 'Debian');
	await run('--name', 'onhost', '-l', 'host');
});
after(async () => {
	await host.removeContainers();
	await host.kleeOutput('network', 'rm', 'front', 'back');
	await host.close();
});

test('the map is drawn with networks, addresses, ports and containers on no network', async () => {
	assert.equal(
		await host.kleeOutput('network', 'map'),
		[
			'outside',
			'host  Debian 12',
			'├── back  bridge kleene1, 10.5.0.0/24, gateway 10.5.0.1, internal, members apart (icc off)',
			'│   ├── ○ db   10.5.0.3  ipnet',
			'│   └── ● web  10.5.0.2  vnet  also on front',
			'├── front  bridge kleene0, 10.4.6.0/24, fd00:6::/64, gateway 10.4.6.1, fd00:6::1',
			'│   └── ● web  10.4.6.2 fd00:6::2  vnet  also on back',
			'│       └── tcp 8080 → 80',
			'└── on no network',
			'    └── ● onhost  host',
		].join('\n'),
	);
	const one = await host.kleeOutput('network', 'map', 'back');
	assert.match(one, /── back /);
	assert.doesNotMatch(one, /front {2}|onhost/);
	const refused = await host.klee('network', 'map', 'nowhere');
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /no such network\n hint: see "klee network ls"/);
	assert.equal((await host.klee('network', 'map', '--svg', '--dot')).code, 2);
});

test('other programs can draw it', async () => {
	const svg = await host.kleeOutput('network', 'map', '--svg');
	assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[\s\S]*<\/svg>$/);
	for (const word of ['web', 'db', 'onhost', 'tcp 8080 → 80', '10.5.0.3'])
		assert.ok(svg.includes(`>${word}</text>`), word);
	const dot = await host.kleeOutput('network', 'map', '--dot');
	assert.match(dot, /^graph kleene \{\n[\s\S]*\n\}$/);
	assert.equal(dot.match(/"web\\nvnet\\ntcp 8080 → 80"|"web\\nvnet"/g)?.length, 1, 'a container is one node');
	assert.match(
		await host.kleeOutput('network', 'map', '--mermaid'),
		/^flowchart TB\n[\s\S]*n\w{12} ---\|"10.5.0.2"\| c\w{12}/,
	);
});

test('an unhealthy container is marked, and who follows the map is told', async () => {
	const client = openClient({ host: host.url });
	const seen: (string | null)[] = [];
	const following = client.observability
		.followTopology(async ({ containers }) => {
			seen.push(...containers.filter(({ name }) => name === 'ill').map(({ health }) => health));
		})
		.catch(() => {});
	try {
		const check = ['--health-cmd', 'false', '--health-interval', '300ms', '--health-retries', '1'];
		await host.kleeOutput('run', '-d', '--name', 'ill', '-l', 'host', ...check, 'Debian', 'sleep', '600');
		await eventually('unhealthy', () => seen.includes('unhealthy'));
		assert.match(await host.kleeOutput('network', 'map'), /● ill {2}host, unhealthy/);
		for (const form of ['--svg', '--dot', '--mermaid'])
			assert.match(await host.kleeOutput('network', 'map', form), /host, unhealthy/, form);
	} finally {
		client.close();
		await following;
		await host.kleeOutput('rm', '-f', 'ill');
	}
});

test('who follows the map gets each change, with the objects as they are then', async () => {
	const client = openClient({ host: host.url });
	const lines: TopologyLine[] = [];
	const following = client.observability.followTopology(async (line) => void lines.push(line)).catch(() => {});
	try {
		await eventually('the whole map', () => lines.length > 0);
		const whole = lines[0] as Topology;
		assert.deepEqual(
			[whole.type, whole.networks.length, whole.containers.length, whole.endpoints.length],
			['topology', 2, 3, 3],
		);
		assert.deepEqual(whole, await host.kleeJson('network', 'map'));
		await host.kleeOutput('start', '-d', 'db');
		await host.kleeOutput('rename', 'db', 'store');
		await host.kleeOutput('network', 'disconnect', 'back', 'web');
		const changes = () => lines.slice(1) as TopologyChange[];
		await eventually('the changes', () => changes().some(({ removed }) => removed.endpoints.length > 0));
		const db = changes().flatMap(({ containers }) => containers.filter(({ name }) => name === 'store'));
		assert.equal(db.at(-1)?.running, true);
		const cables = changes().flatMap(({ endpoints }) => endpoints.filter((one) => one.container_id === db[0]?.id));
		assert.match(cables.at(-1)?.epair ?? '', /^epair\d+$/);
		assert.ok(
			changes().every(({ networks }) => networks.length <= 1),
			'nothing else comes with a change',
		);
	} finally {
		client.close();
		await following;
	}
});
