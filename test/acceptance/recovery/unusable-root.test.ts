/** A root directory that cannot be used: the daemon does not start, says why and what to do, and leaves it as it is. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, test } from 'node:test';
import { type Outcome, run } from '#test/testbed/command.ts';
import { KLEENED } from '#test/testbed/daemon-host.ts';
import { createNamespace, removeNamespace } from '#test/testbed/network-namespace.ts';

const folder = mkdtempSync(join(tmpdir(), 'k-unusable-'));
const namespace = `kleene-${process.pid}-unusable`;
let root: string;
let roots = 0;

before(() => createNamespace(namespace));
beforeEach(() => {
	roots += 1;
	root = join(folder, `root${roots}`);
	mkdirSync(root);
});
after(async () => {
	await removeNamespace(namespace);
	rmSync(folder, { recursive: true, force: true });
});

/** It is ended after some seconds where it goes on. */
function startDaemon(...wrapper: readonly string[]): Promise<Outcome> {
	const args = ['--root', root, '--host', `http://${join(folder, 'sock')}`, '--netns', namespace];
	return run([...wrapper, KLEENED, ...args], { timeout: 20_000 });
}

function requireRefusal({ code, stderr }: Outcome, why: RegExp, hint: RegExp): void {
	assert.equal(code, 1, stderr);
	const [what = '', reason = '', advice = '', ...more] = stderr.trim().split('\n');
	assert.match(what, /^error: cannot /);
	assert.match(reason, why);
	assert.match(advice, hint);
	assert.deepEqual(more, [], 'three lines, and no stack');
}

const database = () => join(root, 'metadata.sqlite');

test('a database that is none', async () => {
	writeFileSync(database(), 'it was a dark and stormy night\n'.repeat(1000));
	const before = readFileSync(database());
	requireRefusal(await startDaemon(), /metadata\.sqlite.*not a database/, /kleened recover/);
	assert.ok(readFileSync(database()).equals(before), 'what there is of it can still be looked at');
});

test('a database with damaged pages', async () => {
	const db = new DatabaseSync(database());
	db.exec('CREATE TABLE filler (text TEXT); PRAGMA user_version = 1');
	for (let count = 0; count < 200; count += 1) db.exec(`INSERT INTO filler VALUES ('${'x'.repeat(500)}')`);
	db.close();
	const bytes = readFileSync(database());
	bytes.fill(0xa5, 100, 200);
	bytes.fill(0xa5, 4096);
	writeFileSync(database(), bytes);
	requireRefusal(await startDaemon(), /metadata\.sqlite.*(malformed|damaged)/, /kleened recover/);
});

test('a database of a newer version', async () => {
	const db = new DatabaseSync(database());
	db.exec('CREATE TABLE of_tomorrow (text TEXT); PRAGMA user_version = 999');
	db.close();
	const before = readFileSync(database());
	requireRefusal(await startDaemon(), /schema 999.* supports .* \d+/, /newer kleened/);
	assert.ok(readFileSync(database()).equals(before));
});

test('a directory in the place of the database', async () => {
	mkdirSync(database());
	requireRefusal(await startDaemon(), /metadata\.sqlite/, /hint|mend/);
});

test('a file in the place of the root directory', async () => {
	rmSync(root, { recursive: true });
	copyFileSync('/etc/hostname', root);
	requireRefusal(await startDaemon(), /not a directory/, /--root/);
});

test('a root directory that is to be made on a read-only file system', async () => {
	const mount = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
	const wrapper = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, root];
	root = join(root, 'not', 'there');
	requireRefusal(await startDaemon(...wrapper), /read-only/, /--root/);
});

test('a file system that has no inodes left', async () => {
	const mount = 'mount -t tmpfs -o nr_inodes=2 tmpfs "$0" && exec "$@"';
	const wrapper = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, root];
	requireRefusal(await startDaemon(...wrapper), /full/, /free some space/);
});

test('below "ip netns exec", where cgroups are not mounted', async () => {
	requireRefusal(await startDaemon('ip', 'netns', 'exec', namespace), /no cgroups are mounted/, /--netns NAME/);
});

test('no file descriptors are left, wherever that is noticed', async () => {
	for (const limit of [24, 28, 32, 36, 40])
		requireRefusal(
			await startDaemon('sh', '-c', 'ulimit -n "$0" && exec "$@"', `${limit}`),
			/no file descriptors left/,
			/LimitNOFILE/,
		);
});

test('a root directory on a read-only file system', async () => {
	const mount = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
	const wrapper = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, root];
	requireRefusal(await startDaemon(...wrapper), /read-only/, /--root/);
	assert.deepEqual(readdirSync(root), []);
});
