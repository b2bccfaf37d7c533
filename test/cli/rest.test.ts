import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { against, closeStub, startStub } from './against.ts';
import { klee } from './run-klee.ts';
import type { Answer } from './stub-daemon.ts';

afterEach(closeStub);

const ID = '2f1dc29b8f36';

test('network create sends every key and prints the id', async () => {
	const words = 'network create -t bridge --subnet 10.4.6.0/24 --no-nat --icc false testvnet'.split(' ');
	const { stub, outcome } = await against({ 'POST /networks/create': [201, { id: ID }] }, words);
	assert.deepEqual(outcome, { code: 0, signal: null, stdout: `${ID}\n`, stderr: '' });
	assert.deepEqual(stub.body(0), {
		name: 'testvnet',
		type: 'bridge',
		interface: '',
		subnet: '10.4.6.0/24',
		subnet6: '',
		gateway: '<auto>',
		gateway6: '<auto>',
		nat: '',
		icc: false,
		internal: false,
		nat6: false,
		dns: true,
		mtu: 0,
	});
});

test('a dry run prints the plan, and asks for nothing else', async () => {
	const plan = ['ip link add kleene0 type bridge', 'ip link set kleene0 up'];
	const cases: Record<string, string[]> = {
		'POST /networks/create?dry_run=true': ['network', 'create', '--dry-run', 'web'],
		'DELETE /networks/web?dry_run=true': ['rmn', '--dry-run', 'web'],
		'POST /networks/prune?dry_run=true': ['network', 'prune', '--dry-run'],
		'POST /networks/connect?dry_run=true': ['network', 'connect', '--dry-run', 'web', 'c1'],
		'POST /networks/web/disconnect/c1?dry_run=true': ['network', 'disconnect', '--dry-run', 'web', 'c1'],
		'POST /containers/run?dry_run=true': ['run', '--dry-run', '-n', 'web', 'img', 'ls'],
		'POST /exec/create?dry_run=true': ['start', '--dry-run', 'c1'],
		'POST /containers/c1/stop?dry_run=true': ['container', 'stop', '--dry-run', 'c1'],
	};
	for (const [request, words] of Object.entries(cases)) {
		const { stub, outcome } = await against({ [request]: [200, { plan }] }, words);
		assert.deepEqual(outcome, { code: 0, signal: null, stdout: `${plan.join('\n')}\n`, stderr: '' });
		assert.deepEqual(stub.requests(), [request]);
	}
});

test('a dry run of run says what run says', async () => {
	const options = ['-n', 'web', '-l', 'vnet', '--ip', '10.4.6.9', '--alias', 'db', '-p', '80', '--name', 'c1'];
	const words = [...options, 'img', 'ls', '--dry-run'];
	const dry = await against({ 'POST /containers/run?dry_run=true': [200, { plan: [] }] }, [
		'run',
		'--dry-run',
		...words,
	]);
	assert.deepEqual(dry.outcome, { code: 0, signal: null, stdout: '', stderr: '' });
	const body = dry.stub.body(0);
	const answers: Record<string, Answer> = { 'POST /containers/run': [201, { id: ID, exec_id: ID }] };
	const real = await against(answers, ['run', '-d', ...words]);
	assert.equal(real.outcome.code, 0);
	assert.deepEqual(real.stub.body(0), body);
	const created = await against({ 'POST /containers/create': [201, { id: ID }] }, ['create', ...words]);
	assert.equal(created.outcome.stdout, `${ID}\n`);
	assert.deepEqual(created.stub.body(0), { ...(body.container as object), endpoints: body.endpoints });
});

test('a daemon that made the change instead of planning it is told on', async () => {
	const { outcome } = await against({ 'DELETE /networks/web?dry_run=true': [200, { id: ID }] }, [
		'rmn',
		'--dry-run',
		'web',
	]);
	assert.equal(outcome.code, 1);
	assert.match(outcome.stderr, /does not support dry runs; it may have made the change/);
});

test('a refusal brings its parts along; one that is only a message is understood too', async () => {
	const body = {
		message: 'network name is already taken',
		code: 'NAME_TAKEN',
		what: 'cannot create network web',
		why: `network ${ID} has it`,
		hint: 'choose another name',
	};
	const create = ['network', 'create', 'web'];
	const full = await against({ 'POST /networks/create': [409, body] }, create);
	assert.deepEqual(full.outcome, {
		code: 1,
		signal: null,
		stdout: '',
		stderr: `error: cannot create network web: network name is already taken\n  why: network ${ID} has it\n hint: choose another name\n`,
	});
	const bare = await against({ 'POST /networks/create': [409, { message: body.message }] }, create);
	assert.match(bare.outcome.stderr, /^error: cannot create network web: network name is already taken\n hint: /);
	const alien = await against({}, create);
	assert.equal(alien.outcome.code, 1);
	assert.match(alien.outcome.stderr, /Unexpected response received from Kleened/);
});

test('what is refused for one does not keep the rest waiting', async () => {
	const answers: Record<string, Answer> = {
		'DELETE /networks/a': [404, { message: 'network not found.' }],
		'DELETE /networks/b': [200, { id: ID }],
	};
	const { outcome } = await against(answers, ['network', 'rm', 'a', 'b']);
	assert.deepEqual([outcome.code, outcome.stdout], [1, `${ID}\n`]);
	assert.match(outcome.stderr, /cannot remove network a: network not found\./);
});

test('identifiers go into the path encoded, options into the query', async () => {
	const answers: Record<string, Answer> = {
		'POST /images/a%2Fb%3Alatest/tag?nametag=x%3Ay': [200, { id: ID }],
		'POST /containers/c%20%3F1/stop?grace=1.5': [200, { id: ID }],
	};
	assert.equal((await against(answers, ['image', 'tag', 'a/b:latest', 'x:y'])).outcome.stdout, `${ID}\n`);
	assert.equal((await against(answers, ['stop', '-t', '1.5', 'c ?1'])).outcome.stdout, `${ID}\n`);
});

test('rm -f of a stopped container is quiet; other failures of the stop are not', async () => {
	const removal: Record<string, Answer> = { 'DELETE /containers/c': [200, { id: ID }] };
	const stopped = { ...removal, 'POST /containers/c/stop': [404, { message: 'container not running' }] as const };
	assert.deepEqual((await against(stopped, ['rmc', '-f', 'c'])).outcome, {
		code: 0,
		signal: null,
		stdout: `${ID}\n`,
		stderr: '',
	});
	const stuck = { ...removal, 'POST /containers/c/stop': [500, { message: 'it will not die' }] as const };
	const { stub, outcome } = await against(stuck, ['rmc', '-f', 'c']);
	assert.equal(outcome.code, 1);
	assert.deepEqual(stub.requests(), ['POST /containers/c/stop']);
});

test('create makes up a name, and another where the first is taken', async () => {
	let attempts = 0;
	const names: unknown[] = [];
	const stub = await startStub({
		answers: {
			'POST /containers/create': ({ body }) => {
				names.push((body as { name: string }).name);
				return ++attempts < 3 ? [404, { message: 'taken', code: 'NAME_TAKEN' }] : [201, { id: ID }];
			},
		},
	});
	const { code, stdout, stderr } = await klee(['--host', stub.host, 'create', '-n', 'web', 'img', 'ls', '-la']);
	assert.equal(new Set(names).size, 3);
	assert.deepEqual([code, stdout, stderr], [0, `${ID}\n`, '']);
	assert.deepEqual(stub.body(2).cmd, ['ls', '-la']);
	assert.deepEqual(stub.body(2).endpoints, [{ network: 'web', ip_address: '<auto>', ip_address6: '<auto>' }]);
});

test('a network that create cannot join is named as what was refused', async () => {
	const message = 'could not connect container: network not found';
	const body = { message, code: 'NO_SUCH_NETWORK', what: 'could not connect container', why: 'none', hint: 'see' };
	const { outcome } = await against({ 'POST /containers/create': [404, body] }, ['create', '-n', 'web', 'img']);
	assert.deepEqual([outcome.code, outcome.stdout], [1, '']);
	assert.match(outcome.stderr, /^error: could not connect container: network not found\n/);
});

test('a name that was given is not replaced', async () => {
	const taken: Answer = [404, { message: 'taken', code: 'NAME_TAKEN' }];
	const { stub, outcome } = await against({ 'POST /containers/create': taken }, ['create', '--name', 'x1', 'img']);
	assert.equal(outcome.code, 1);
	assert.match(outcome.stderr, /error: could not create container: taken/);
	assert.equal(stub.received.length, 1);
});

test('lists: a table, or the objects of the API', async () => {
	const container = {
		id: '173a1a8d848d',
		name: 'web',
		image_id: ID,
		image_name: 'Debian',
		image_tag: 'latest',
		cmd: ['/bin/sh', '/etc/rc'],
		created: new Date(Date.now() - 90_000).toISOString(),
		restart_policy: 'on-startup',
		running: true,
		jid: 12,
	};
	const answers: Record<string, Answer> = { 'GET /containers/list?all=true': [200, [container]] };
	const table = await against(answers, ['lsc', '-a']);
	const [header, , row] = table.outcome.stdout.split('\n');
	assert.equal(header?.replace(/ {2,}/g, '|'), ' CONTAINER ID|NAME|IMAGE|COMMAND|CREATED|AUTORUN|STATUS|JID');
	assert.equal(
		row?.trim().replace(/ {2,}/g, '|'),
		'173a1a8d848d|web|Debian:latest|/bin/sh /etc/rc|About a minute ago|yes|running|12',
	);
	const json = await against(answers, ['container', 'ls', '--all', '--json']);
	assert.deepEqual(JSON.parse(json.outcome.stdout), [container]);
	assert.deepEqual(Object.keys(JSON.parse(json.outcome.stdout)[0]), Object.keys(container).sort());
});

test('prune asks, unless forced', async () => {
	const answers: Record<string, Answer> = { 'POST /networks/prune': [200, [ID, '0123456789ab']] };
	const { stub, outcome } = await against(answers, ['network', 'prune']);
	assert.equal(outcome.code, 1);
	assert.equal(outcome.stderr, 'Aborted!\n');
	assert.match(outcome.stdout, /^WARNING! This will remove all unused networks\.\nAre you sure .*\[y\/N\]: /);
	assert.deepEqual(stub.requests(), []);
	const forced = await against(answers, ['network', 'prune', '-f']);
	assert.equal(forced.outcome.stdout, `${ID}\n0123456789ab\n`);
	const none = await against({ 'POST /containers/prune': [200, []] }, ['container', 'prune', '-f']);
	assert.equal(none.outcome.stdout, '\n');
});

test('rename sends the name alone', async () => {
	const { stub } = await against({ 'POST /containers/c/update': [201, { id: ID }] }, [
		'container',
		'rename',
		'c',
		'd1',
	]);
	assert.deepEqual(stub.body(0), { name: 'd1' });
});

test('volumes: every command, and its shortcut', async () => {
	const created = new Date(Date.now() - 5000).toISOString();
	const data = { name: 'data', dataset: 'volumes/data', mountpoint: '/var/lib/kleene/volumes/data', created };
	const inspected = { volume: data, mountpoints: [] };
	const cases: [string, Answer, string[], RegExp][] = [
		['POST /volumes/create', [201, { id: 'data' }], ['volume', 'create', 'data'], /^data\n$/],
		['GET /volumes/list', [200, [data]], ['lsv'], /^ VOLUME NAME +CREATED *\n.*\n data +\d+ seconds ago *\n$/],
		[
			'GET /volumes/data/inspect',
			[200, inspected],
			['isv', 'data'],
			/"mountpoint": "\/var\/lib\/kleene\/volumes\/data"/,
		],
		['DELETE /volumes/data', [200, { id: 'data' }], ['rmv', 'data'], /^data\n$/],
		['POST /volumes/prune', [200, ['data', 'logs']], ['volume', 'prune', '-f'], /^data\nlogs\n$/],
	];
	for (const [request, answer, words, output] of cases) {
		const { stub, outcome } = await against({ [request]: answer }, words);
		assert.deepEqual([outcome.code, outcome.stderr, stub.requests()], [0, '', [request]]);
		assert.match(outcome.stdout, output);
	}
	const json = await against({ 'GET /volumes/list': [200, [data]] }, ['volume', 'ls', '--json']);
	assert.deepEqual(JSON.parse(json.outcome.stdout), [data]);
	const { stub } = await against({ 'POST /volumes/create': [201, { id: 'data' }] }, ['volume', 'create', 'data']);
	assert.deepEqual(stub.body(0), { name: 'data' });
	const asked = await against({}, ['volume', 'prune']);
	assert.match(asked.outcome.stdout, /^WARNING! This will remove all unused volumes\.\n/);
	assert.deepEqual([asked.outcome.code, asked.stub.requests()], [1, []]);
});

test('images from datasets: method and source as the contract has them', async () => {
	const images: Record<string, unknown>[] = [];
	const stub = await startStub({
		stream: (stream) => {
			images.push(stream.configuration);
			stream.start();
			stream.end(1000, 'image created', ID);
		},
	});
	const create = (...words: string[]) => klee(['--host', stub.host, 'image', 'create', ...words]);
	const { code, stdout } = await create('-t', 'mine', '--update', '--no-dns', 'zfs-copy', 'zroot/jails/base');
	assert.deepEqual([code, stdout], [0, `\nimage created\n${ID}\n`]);
	await create('--no-localtime', '-a', 'zfs-clone', 'zroot/base');
	await create('fetch-auto');
	await create('--no-autotag', 'fetch-auto');
	const common = { tag: '', url: '', zfs_dataset: '', dns: true, localtime: true, update: false, autotag: false };
	assert.deepEqual(images, [
		{ ...common, method: 'zfs-copy', tag: 'mine', zfs_dataset: 'zroot/jails/base', dns: false, update: true },
		{ ...common, method: 'zfs-clone', zfs_dataset: 'zroot/base', localtime: false },
		{ ...common, method: 'fetch-auto', autotag: true },
		{ ...common, method: 'fetch-auto' },
	]);
});

test('restart starts a stopped container too', async () => {
	const answers: Record<string, Answer> = {
		'POST /containers/c/stop': [404, { message: 'container not running' }],
		'GET /containers/c/inspect': [200, { container: { id: ID } }],
		'POST /exec/create': [201, { id: ID }],
	};
	const { host } = await startStub({ answers, stream: (stream) => stream.end(1001, 'started') });
	const { code, stdout } = await klee(['--host', host, 'restart', 'c']);
	assert.deepEqual([code, stdout], [0, `${ID}\n`]);
});
