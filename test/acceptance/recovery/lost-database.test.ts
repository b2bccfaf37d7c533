/** The database of a daemon is gone, and all that it knew of is there. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { type Outcome, run } from '#test/testbed/command.ts';
import { KLEENED } from '#test/testbed/daemon-host.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.7.0/24', 'second');
	await host.kleeOutput('volume', 'create', 'empty');
	const web = ['-l', 'vnet', '-n', 'testnet', '--ip', '10.4.6.9', '-m', 'data:/srv', '-p', '8080:80', '--name', 'web'];
	await host.kleeOutput('run', '-d', ...web, 'Debian', '/bin/sh', '-c', 'echo kept >/srv/kept; sleep 600');
	await host.kleeOutput('network', 'connect', '--alias', 'www', 'second', 'web');
	await host.kleeOutput('run', '-l', 'ipnet', '-n', 'testnet', '--name', 'idle', 'Debian', 'touch', '/root/touched');
});
after(() => host.close());

const DATABASE = /^metadata\.sqlite/;
const away = () => join(host.folder, 'away');

/** Takes the database away from a root directory that no daemon uses. */
function loseDatabase(): void {
	rmSync(away(), { recursive: true, force: true });
	mkdirSync(away());
	for (const name of readdirSync(host.root).filter((name) => DATABASE.test(name)))
		renameSync(join(host.root, name), join(away(), name));
}

function returnDatabase(): void {
	for (const name of readdirSync(host.root).filter((name) => DATABASE.test(name))) rmSync(join(host.root, name));
	for (const name of readdirSync(away())) renameSync(join(away(), name), join(host.root, name));
}

/** It is ended after some seconds where it goes on. */
function kleened(...args: readonly string[]): Promise<Outcome> {
	const place = ['--root', host.root, '--netns', host.namespace];
	return run([KLEENED, ...args, ...place], { timeout: 20_000 });
}

const sortedNames = (path: string) =>
	readdirSync(join(host.root, path))
		.filter((name) => !name.startsWith('.'))
		.sort();
const files = () => ['layers', 'containers', 'volumes'].map(sortedNames);
const processes = () =>
	host
		.leftovers()
		// What keeps its user namespace ends with a daemon.
		.filter((line) => line.startsWith('+ process') && !line.endsWith('init keeper'))
		.sort();

/** All that a user can ask for, without what changes by itself. */
async function everything(): Promise<unknown> {
	const [containers, networks, images, volumes] = await Promise.all(
		['lsc -a', 'lsn', 'lsi', 'lsv'].map((command) => host.kleeJson<{ name: string }[]>(...command.split(' '))),
	);
	const inspected = await Promise.all([
		...containers!.map(({ name }) => host.kleeOutput('isc', name)),
		...networks!.map(({ name }) => host.kleeOutput('isn', name)),
		...volumes!.map(({ name }) => host.kleeOutput('isv', name)),
	]);
	return { containers, networks, images, volumes, inspected };
}

async function requireDamageless(before: { files: string[][]; processes: string[] }): Promise<void> {
	assert.deepEqual(files(), before.files, 'no file is gone');
	assert.deepEqual(processes(), before.processes, 'what runs goes on');
	const answer = await host.inside('ping', '-c', '1', '-W', '2', '10.4.6.9');
	assert.match(answer.stdout, /1 received/);
}

for (const [what, replace] of [
	['missing', () => {}],
	['empty', () => writeFileSync(join(host.root, 'metadata.sqlite'), '')],
] as const)
	test(`a daemon with a ${what} database refuses to start beside files of another life, and touches nothing`, async () => {
		await host.stopDaemon('SIGKILL');
		const before = { files: files(), processes: processes() };
		assert.ok(before.processes.length > 0);
		loseDatabase();
		replace();
		for (let tries = 0; tries < 2; tries += 1) {
			const { code, stderr } = await kleened('--host', `http://${join(host.folder, 'other.sock')}`);
			assert.equal(code, 1, stderr);
			assert.match(stderr, /1 image, 2 containers.*2 volumes/);
			assert.match(stderr, /kleened recover/);
			assert.match(stderr, /--new-store/);
			await requireDamageless(before);
		}
		returnDatabase();
		await host.startDaemon();
		assert.match(await host.kleeOutput('exec', 'web', 'cat', '/srv/kept'), /^kept$/m);
	});

test('recover refuses a root directory that does not exist, and makes none', async () => {
	const typo = join(host.folder, 'typo');
	const { code, stderr } = await run([KLEENED, 'recover', '--root', typo, '--netns', host.namespace], {
		timeout: 20_000,
	});
	assert.equal(code, 1, stderr);
	assert.match(stderr, /there is no such directory/);
	assert.equal(existsSync(typo), false);
});

test('a damaged database is rebuilt, and what there is of it is kept', async () => {
	const before = await everything();
	await host.stopDaemon();
	const file = join(host.root, 'metadata.sqlite');
	writeFileSync(file, readFileSync(file).fill(0xa5, 100, 8192));
	const refused = await kleened('--host', `http://${join(host.folder, 'other.sock')}`);
	assert.match(refused.stderr, /why: .*\n {2}hint: .*kleened recover/);
	const [, command = ''] = /"(kleened recover [^"]*)"/.exec(refused.stderr) ?? [];
	// Pasted, as it is shown.
	const PATH = `${dirname(KLEENED)}:${process.env.PATH}`;
	const { code, stdout, stderr } = await run(['sh', '-c', command], { timeout: 20_000, env: { ...process.env, PATH } });
	assert.equal(code, 0, stderr);
	assert.match(stdout, /kept as .*metadata\.sqlite\.1$/m);
	await host.startDaemon();
	assert.deepEqual(await everything(), before);
});

test('recover brings back everything, as it was, while what runs goes on', async () => {
	const before = await everything();
	await host.stopDaemon('SIGKILL');
	const there = { files: files(), processes: processes() };
	loseDatabase();
	const { code, stdout, stderr } = await kleened('recover');
	assert.equal(code, 0, stderr);
	assert.match(stdout, /web/);
	await requireDamageless(there);
	await host.startDaemon();
	assert.deepEqual(await everything(), before);
	await requireDamageless(there);
	assert.match(await host.kleeOutput('exec', 'web', 'cat', '/srv/kept'), /^kept$/m);
	await host.kleeOutput('start', 'idle');
	const doctor = await host.klee('network', 'doctor');
	assert.equal(doctor.code, 0, doctor.stdout);
});
