import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { klee, kleeCommand, startProcess } from './run-klee.ts';
import { StubDaemon } from './stub-daemon.ts';

let stub: StubDaemon;

before(async () => {
	const web = { id: '1', name: 'web', image_name: 'Debian', running: true };
	const idle = { id: '2', name: 'idle', image_name: 'Debian', running: false };
	stub = await StubDaemon.start({
		answers: {
			'GET /containers/list?all=true': [200, [web, idle]],
			'GET /containers/list?all=false': [200, [web]],
			'GET /networks/list': [200, [{ name: 'testvnet', type: 'bridge', subnet: '10.4.6.0/24' }]],
			'GET /volumes/list': [200, [{ name: 'data' }, { name: 'logs' }]],
			'GET /images/list': [
				200,
				[
					{ id: '3', name: 'Debian', tag: 'latest' },
					{ id: '4', name: 'Debian', tag: 'old' },
					{ id: 'abc', name: '', tag: '' },
				],
			],
		},
	});
});
after(() => stub.close());

async function complete(...words: string[]): Promise<string[]> {
	const { stdout, stderr } = await klee(['__complete', '--', '--host', stub.host, ...words]);
	assert.equal(stderr, '');
	return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
}

test('commands and options come from the tree', async () => {
	const top = await complete('');
	for (const word of ['container', 'network', 'run', 'lsn', 'completion']) assert.ok(top.includes(word), word);
	assert.ok(!top.includes('__complete'));
	assert.deepEqual(await complete('network', 'c'), ['create', 'connect', 'capture']);
	for (const command of ['capture', 'flows'])
		assert.deepEqual(await complete('network', command, ''), ['web', 'testvnet'], command);
	assert.deepEqual(await complete('network', 'create', '--sub'), ['--subnet', '--subnet6']);
	assert.deepEqual(await complete('network', 'create', '--type', ''), ['loopback', 'bridge', 'custom']);
	assert.deepEqual(await complete('network', 'create', '-t', 'b'), ['bridge']);
	assert.deepEqual(await complete('network', 'create', '--type=b'), ['--type=bridge']);
	assert.deepEqual(await complete('image', 'create', 'zfs'), ['zfs-copy', 'zfs-clone']);
	for (const command of ['run', 'start', 'stop', 'network'])
		assert.deepEqual(await complete(command, ...(command === 'network' ? ['rm'] : []), '--dry'), ['--dry-run']);
	assert.deepEqual(await complete('--config', ''), [':files']);
	assert.deepEqual(await complete('completion', 'f'), ['fish']);
});

test('names come from the daemon, those that fit the command', async () => {
	assert.deepEqual(await complete('rmc', ''), ['web', 'idle']);
	assert.deepEqual(await complete('rmc', 'web', ''), ['idle']);
	assert.deepEqual(await complete('exec', '-it', ''), ['web']);
	assert.deepEqual(await complete('stop', '-t', '5', ''), ['web']);
	assert.deepEqual(await complete('run', '-n', ''), ['testvnet']);
	assert.deepEqual(await complete('run', '--network=t'), ['--network=testvnet']);
	assert.deepEqual(await complete('run', '--name', 'x', ''), ['Debian', 'Debian:old', 'abc']);
	assert.deepEqual(await complete('network', 'connect', ''), ['testvnet']);
	assert.deepEqual(await complete('volume', 'rm', 'data', ''), ['logs']);
	assert.deepEqual(await complete('isv', 'd'), ['data']);
	assert.deepEqual(await complete('network', 'connect', 'testvnet', 'i'), ['idle']);
});

test("the words of a container's command are none of klee's business", async () => {
	assert.deepEqual(await complete('exec', 'web', 'ls', '--'), []);
	assert.deepEqual(await complete('run', 'Debian', ''), []);
});

test('without a daemon there are no names, and no complaints', async () => {
	const { code, stdout, stderr } = await klee(['__complete', '--', '--host', '/nonexistent', 'rmc', '']);
	assert.deepEqual([code, stdout, stderr], [0, '', '']);
});

const shells: readonly [shell: string, check: string][] = [
	['bash', 'bash -n'],
	['zsh', 'zsh -n'],
	['fish', 'fish -n'],
];

for (const [shell, check] of shells) {
	const found = (process.env.PATH ?? '').split(':').some((folder) => existsSync(`${folder}/${shell}`));
	test(`the script for ${shell} is one`, { skip: found ? false : `${shell} is not installed` }, async () => {
		const line = `${kleeCommand(['completion', shell])} | ${check} /dev/stdin`;
		const { code, stderr } = await startProcess('/bin/sh', ['-c', line]).ended;
		assert.deepEqual([code, stderr], [0, '']);
	});
}

test('bash: a name with a colon is completed behind its colon', { skip: !existsSync('/bin/bash') }, async () => {
	const script = `
		klee() { ${kleeCommand(['__complete', '--', '--host', stub.host])} "\${@:3}"; }
		source <(${kleeCommand(['completion', 'bash'])})
		COMP_LINE='klee run Debian:o' COMP_POINT=17 _klee; printf '%s\\n' "\${COMPREPLY[@]}"
		COMP_LINE='klee rmc ' COMP_POINT=9 _klee; printf '%s\\n' "\${COMPREPLY[@]}"`;
	const { stdout, stderr } = await startProcess('/bin/bash', ['-c', script]).ended;
	assert.deepEqual([stdout, stderr], ['old\nweb\nidle\n', '']);
});

test('keys and values of KEY=VALUE are completed', async () => {
	assert.deepEqual(await complete('ps', '--filter', 'sta'), ['status=']);
	assert.deepEqual(await complete('ps', '--filter', ''), ['name=', 'status=', 'label=', 'network=', 'health=']);
	assert.deepEqual(await complete('ps', '-f', 'status=c'), ['status=created']);
	assert.deepEqual(await complete('ps', '--filter=health=un'), ['--filter=health=unhealthy']);
	assert.deepEqual(await complete('ps', '--filter', 'network='), ['network=testvnet']);
	assert.deepEqual(await complete('ps', '--filter', 'label=a'), []);
	assert.deepEqual(await complete('run', '--log-opt', 'max-f'), ['max-file=']);
	assert.deepEqual(await complete('run', '--log-opt', 'max-size=10'), ['max-size=10m', 'max-size=100m']);
	assert.deepEqual(await complete('run', '--log-opt', 'toString='), []);
});
