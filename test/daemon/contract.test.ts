/** The REST half of the wire contract, on a host in memory: what an unmodified klee relies on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STREAM_PATHS } from '#daemon/streams/upgrade.ts';
import { createContainer, start } from '#test/engine/fixture.ts';
import { startApi } from './api.ts';

const NETWORK = { name: 'testnet', type: 'bridge', subnet: '10.4.6.0/24', gateway: '<auto>', nat: '' };

test('networks are made, listed by name, inspected and removed', async () => {
	const { call } = await startApi();
	const { status, body } = await call('POST', '/networks/create', NETWORK);
	assert.equal(status, 201);
	assert.match(body.id, /^[0-9a-f]{12}$/);
	await call('POST', '/networks/create', { ...NETWORK, name: 'another', subnet: '10.4.7.0/24' });
	const list = await call('GET', '/networks/list');
	assert.deepEqual(
		list.body.map(({ name }: { name: string }) => name),
		['another', 'testnet'],
	);
	const inspected = await call('GET', `/networks/${body.id.slice(0, 5)}/inspect`);
	assert.deepEqual(inspected.body.network, {
		id: body.id,
		name: 'testnet',
		type: 'bridge',
		subnet: '10.4.6.0/24',
		subnet6: '',
		interface: 'kleene0',
		gateway: '<auto>',
		gateway6: '',
		nat: '',
		icc: true,
		internal: false,
		nat6: false,
		dns: true,
		mtu: 0,
		...{ parent: '', vlan: 0, ip_range: '', ip_range6: '', host_ip: '', host_ip6: '' },
	});
	assert.deepEqual((await call('DELETE', '/networks/testnet')).body, { id: body.id });
});

test('what is not there has the texts that klee compares', async () => {
	const { call } = await startApi();
	const cases: ['GET' | 'POST' | 'DELETE', string, string][] = [
		['GET', '/networks/nosuch/inspect', 'network not found'],
		['DELETE', '/networks/nosuch', 'network not found.'],
		['GET', '/containers/nosuch/inspect', 'container not found'],
		['DELETE', '/containers/nosuch', 'no such container'],
		['POST', '/containers/nosuch/stop', 'container not found'],
		['GET', '/images/nosuch/inspect', 'image not found'],
		['DELETE', '/images/nosuch', 'Error: No such image: nosuch\n'],
		['POST', '/networks/nosuch/disconnect/nosuch', 'container not found'],
		['GET', '/volumes/nosuch/inspect', 'No such volume'],
		['DELETE', '/volumes/nosuch', 'No such volume'],
	];
	for (const [method, url, message] of cases) {
		const { status, body } = await call(method, url);
		assert.equal(status, 404, url);
		assert.deepEqual(body, { message });
	}
});

test('refusals have a status that the endpoint lists, so that an unmodified klee prints them', async () => {
	const { call } = await startApi();
	await call('POST', '/networks/create', NETWORK);
	const taken = await call('POST', '/networks/create', NETWORK);
	assert.deepEqual([taken.status, taken.body.message], [409, 'network name is already taken']);
	const malformed = await call('POST', '/networks/create', { ...NETWORK, name: 'x', subnet: '10.4.6.1/24' });
	const expected = 'invalid subnet: could not parse cidr block: "10.4.6.1/24"';
	assert.deepEqual([malformed.status, malformed.body.message], [409, expected]);
	const missing = await call('POST', '/networks/create', { type: 'bridge' });
	assert.deepEqual([missing.status, missing.body.message], [409, 'Missing field: name']);
	const image = await call('POST', '/containers/create', { name: 'web', image: 'FreeBSD' });
	assert.deepEqual([image.status, image.body.message], [404, "no such image 'FreeBSD'"]);
	const name = await call('POST', '/containers/create', { name: '.web', image: 'Base' });
	assert.deepEqual([name.status, name.body.message], [404, '.web does not match /?[a-zA-Z0-9][a-zA-Z0-9_.-]+$']);
	const grown = await call('POST', '/containers/create', {
		name: 'web',
		image: 'Base',
		network_driver: 'carrier-pigeon',
	});
	assert.equal(grown.status, 404);
});

test('unknown keys are ignored, and booleans may come as text', async () => {
	const { call } = await startApi();
	const created = await call('POST', '/containers/create', {
		name: 'web',
		image: 'Base',
		surprise: 1,
		persist: 'true',
	});
	assert.equal(created.status, 201);
	const { body } = await call('GET', '/containers/web/inspect');
	assert.equal(body.container.persist, true);
	assert.equal((await call('GET', '/containers/list?all=true')).body.length, 1);
	assert.equal((await call('GET', '/containers/list?all=false')).body.length, 0);
});

test('null in an update means unchanged, as an unmodified klee sends it', async () => {
	const fixture = await startApi();
	await createContainer(fixture, 'web');
	const inspect = async () => (await fixture.call('GET', '/containers/web/inspect')).body.container;
	const before = await inspect();
	const { status, body } = await fixture.call('POST', '/containers/web/update', {
		container: 'web',
		cmd: null,
		env: ['A=b'],
		jail_param: [],
		mounts: [],
		name: null,
		persist: true,
		public_ports: [],
		restart_policy: 'no',
		user: null,
	});
	assert.deepEqual([status, body], [201, { id: before.id }]);
	assert.deepEqual(await inspect(), { ...before, env: ['A=b'], persist: true });
	const nothing = ['cmd', 'env', 'jail_param', 'mounts', 'name', 'persist', 'public_ports', 'restart_policy', 'user'];
	const unchanged = Object.fromEntries(nothing.map((key) => [key, null]));
	assert.equal((await fixture.call('POST', '/containers/web/update', unchanged)).status, 201);
	assert.deepEqual(await inspect(), { ...before, env: ['A=b'], persist: true });
	const text = await fixture.call('POST', '/containers/web/update', { persist: 'false' });
	assert.equal(text.status, 201);
	assert.equal((await inspect()).persist, false);
});

test('what has the longest name can be used by it, and a longer one is not found', async () => {
	const { call } = await startApi();
	const name = 'n'.repeat(128);
	const { body: network } = await call('POST', '/networks/create', { ...NETWORK, name });
	// Of a container each part between dots is a label of DNS.
	const longest = ['n'.repeat(63), 'n'.repeat(62), 'n'].join('.');
	const { body: created } = await call('POST', '/containers/create', { name: longest, image: 'Base' });
	assert.equal((await call('GET', `/networks/${name}/inspect`)).body.network.id, network.id);
	assert.deepEqual(await call('DELETE', `/containers/${longest}`), { status: 200, body: { id: created.id } });
	assert.equal((await call('GET', `/containers/${name.repeat(80)}/inspect`)).body.message, 'container not found');
	const tag = `${name}:${'t'.repeat(128)}`;
	await call('POST', `/images/Base/tag?nametag=${tag}`);
	assert.equal((await call('GET', `/images/${encodeURIComponent(tag)}/inspect`)).body.name, name);
});

test('null where the contract has none, and a query that does not fit, are refused', async () => {
	const { call } = await startApi();
	const network = await call('POST', '/networks/create', { ...NETWORK, name: null });
	assert.deepEqual([network.status, network.body.message], [409, 'Invalid string: name']);
	const grace = await call('POST', '/containers/nosuch/stop?grace=soon');
	assert.equal(grace.body.message, 'Invalid number: grace');
	assert.equal((await call('POST', '/containers/nosuch/stop?grace=1.5')).body.message, 'container not found');
	const stopped = await call('POST', '/exec/nosuch/stop?force_stop=true&stop_container=false');
	assert.equal(stopped.body.message, "could not find execution instance matching 'nosuch'");
});

test('renaming leaves everything else as it was', async () => {
	const fixture = await startApi();
	await createContainer(fixture, 'web');
	const renamed = await fixture.call('POST', '/containers/web/update', { name: 'shop', mounts: [], public_ports: [] });
	assert.equal(renamed.status, 201);
	const { body } = await fixture.call('GET', '/containers/shop/inspect');
	assert.deepEqual(body.container.cmd, ['/bin/true']);
	assert.equal(body.container.network_driver, 'vnet');
});

test('connecting and disconnecting answer with no body, and refuse with the words of the contract', async () => {
	const fixture = await startApi();
	const { call } = fixture;
	await call('POST', '/networks/create', NETWORK);
	await call('POST', '/networks/create', { name: 'lo', type: 'loopback', subnet: '10.4.7.0/24' });
	await createContainer(fixture, 'web');
	const hosted = await createContainer(fixture, 'hosted', 'host');
	const connect = (container: string, network: string) =>
		call('POST', '/networks/connect', { container, network, ip_address: '<auto>' });
	assert.deepEqual(await connect('web', 'testnet'), { status: 204, body: '' });
	assert.equal((await connect('web', 'testnet')).body.message, 'container already connected to the network');
	const loopback = "containers using the 'vnet' network-driver can't connect to loopback networks";
	assert.deepEqual([(await connect('web', 'lo')).status, (await connect('web', 'lo')).body.message], [409, loopback]);
	const host = "containers with the 'host' network-driver cannot connect to networks.";
	assert.equal((await connect(hosted, 'testnet')).body.message, host);
	assert.deepEqual(await call('POST', '/networks/testnet/disconnect/web'), { status: 204, body: '' });
	const again = await call('POST', '/networks/testnet/disconnect/web');
	assert.deepEqual([again.status, again.body.message], [404, 'endpoint configuration not found']);
});

test('published ports of a container that runs say where they lead now', async () => {
	const fixture = await startApi();
	for (const [name, subnet] of Object.entries({ one: '10.4.6.0/24', two: '10.4.7.0/24' }))
		await fixture.call('POST', '/networks/create', { ...NETWORK, name, subnet });
	const port = { interfaces: [], host_port: '8080:8081', container_port: '80:*', protocol: 'udp' };
	const config = { name: 'web', image: 'Base', network_driver: 'vnet', public_ports: [port] };
	await fixture.call('POST', '/containers/create', config);
	const target = async () => {
		const { container } = (await fixture.call('GET', '/containers/web/inspect')).body;
		return container.public_ports[0].ip_address;
	};
	await fixture.call('POST', '/networks/connect', { container: 'web', network: 'one', ip_address: '<auto>' });
	await start(fixture, 'web');
	assert.equal(await target(), '10.4.6.2');
	const two = { container: 'web', network: 'two', ip_address: '<auto>', default_route: true };
	assert.equal((await fixture.call('POST', '/networks/connect', two)).status, 204);
	assert.equal(await target(), '10.4.6.2');
	await fixture.call('POST', '/networks/one/disconnect/web');
	assert.equal(await target(), '10.4.7.2');
});

test('published ports say where they lead, and endpoints which MAC address and preference they have', async () => {
	const { call } = await startApi();
	for (const [name, subnet] of [
		['one', '10.4.6.0/24'],
		['two', '10.4.7.0/24'],
	])
		await call('POST', '/networks/create', { ...NETWORK, name, subnet, subnet6: '' });
	const port = { interfaces: [], host_port: '8080', container_port: '80', protocol: 'tcp' };
	const config = { name: 'web', image: 'Base', network_driver: 'vnet', public_ports: [port] };
	const { body: created } = await call('POST', '/containers/create', config);
	const inspect = async () => (await call('GET', '/containers/web/inspect')).body;
	assert.deepEqual((await inspect()).container.public_ports, [{ ...port, ip_address: '', ip_address6: '' }]);
	const mac = '02:00:0a:04:06:02';
	const joining = { container: 'web', ip_address: '<auto>' };
	await call('POST', '/networks/connect', { ...joining, network: 'one', mac });
	const { container, container_endpoints } = await inspect();
	assert.deepEqual(container.public_ports, [{ ...port, ip_address: '10.4.6.2', ip_address6: '' }]);
	assert.deepEqual([container_endpoints[0].mac, container_endpoints[0].default_route], [mac, false]);
	await call('POST', '/networks/connect', { ...joining, network: 'two', default_route: true });
	const [summary] = (await call('GET', '/containers/list?all=true')).body;
	assert.equal(summary.public_ports[0].ip_address, '10.4.7.2');
	const { network_endpoints: members } = (await call('GET', '/networks/two/inspect')).body;
	assert.deepEqual(members, [
		{
			id: members[0].id,
			container_id: created.id,
			network_id: members[0].network_id,
			ip_address: '10.4.7.2',
			ip_address6: '',
			mac: members[0].mac,
			default_route: true,
			aliases: [],
			epair: null,
		},
	]);
	assert.match(members[0]?.mac, /^02(:[0-9a-f]{2}){5}$/);
});

test('volumes are made once, listed newest first, inspected with their uses, and removed when nobody mounts them', async () => {
	const { call } = await startApi();
	assert.deepEqual(await call('POST', '/volumes/create', { name: 'data' }), { status: 201, body: { id: 'data' } });
	const [first] = (await call('GET', '/volumes/list')).body;
	assert.deepEqual(await call('POST', '/volumes/create', { name: 'data' }), { status: 201, body: { id: 'data' } });
	assert.deepEqual((await call('GET', '/volumes/list')).body, [first]);
	assert.match(first.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
	const mounts = [
		{ type: 'volume', source: 'data', destination: '/srv' },
		{ type: 'volume', source: 'new', destination: '/new', read_only: 'true' },
		{ type: 'nullfs', source: '/etc', destination: '/host', read_only: true },
	];
	const { body: created } = await call('POST', '/containers/create', { name: 'web', image: 'Base', mounts });
	const point = { container_id: created.id, read_only: false, ...mounts[0] };
	assert.deepEqual((await call('GET', '/volumes/data/inspect')).body, {
		volume: { name: 'data', dataset: 'volumes/data', mountpoint: '/memory/volumes/data', created: first.created },
		mountpoints: [point],
	});
	const { body: container } = await call('GET', '/containers/web/inspect');
	assert.deepEqual(container.container_mountpoints, [
		point,
		{ container_id: created.id, ...mounts[1], read_only: true },
		{ container_id: created.id, ...mounts[2] },
	]);
	const listed = (await call('GET', '/volumes/list')).body.map(({ name }: { name: string }) => name);
	assert.deepEqual(listed, ['new', 'data']);
	const used = await call('DELETE', '/volumes/data');
	const text = `could not remove volume data since it is used for containers:\n${created.id}`;
	assert.deepEqual([used.status, used.body], [404, { message: text }]);
	await call('DELETE', '/containers/web');
	assert.deepEqual((await call('DELETE', '/volumes/new')).body, { id: 'new' });
	assert.deepEqual(await call('POST', '/volumes/prune'), { status: 200, body: ['data'] });
	assert.equal((await call('POST', '/volumes/create', { name: '../etc' })).status, 500);
});

test('no route and a wrong method are plain 404, and the description of the API is served', async () => {
	const { call } = await startApi();
	assert.deepEqual(await call('GET', '/nonsense'), { status: 404, body: 'not found' });
	assert.deepEqual(await call('GET', '/networks/create'), { status: 404, body: 'not found' });
	const { body } = await call('GET', '/openapi.json');
	assert.ok(body.paths['/networks/create'].post.requestBody);
	for (const path of STREAM_PATHS) {
		const { first, message } = body.paths[path].get['x-websocket'];
		assert.deepEqual([first.type, message.required], ['object', ['message', 'msg_type']], path);
	}
	assert.ok(body.paths['/containers/run'].post, 'beside the stream of the same path');
	assert.ok(body.paths['/volumes/{volume_name}/inspect'].get.responses['200']);
	assert.ok(body.paths['/containers/{container_id}/inspect'].get.responses['200']);
});
