import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Paths } from '#host/linux/paths.ts';
import { translateErrors } from '#host/linux/refusals.ts';
import { LinuxStorage } from '#host/linux/storage/storage.ts';
import { make } from '#model/step.ts';
import { listMounts } from '#os/linux/mounts.ts';
import { scratch } from './scratch.ts';

const CONTAINER = 'c0ffee012345';
const IMAGE = 'abcdef012345';
const FILES = { kind: 'root-files', container: CONTAINER, layers: [IMAGE] } as const;
const MOUNT = { kind: 'root-mount', container: CONTAINER, layers: [IMAGE] } as const;

function setUp(context: TestContext, name = 'kleene root'): { paths: Paths; storage: LinuxStorage; root: string } {
	const paths = new Paths(join(scratch(context), name));
	mkdirSync(join(paths.layer(IMAGE), 'etc'), { recursive: true, mode: 0o755 });
	writeFileSync(join(paths.layer(IMAGE), 'etc/name'), 'image');
	const root = paths.containerRoot(CONTAINER);
	return { paths, storage: new LinuxStorage(paths), root };
}

test('a container sees its image, writes to its own files, and keeps them over a remount', async (context) => {
	const { paths, storage, root } = setUp(context);
	await storage.rootFiles.make(FILES, {});
	await storage.rootFiles.make(FILES, {});
	assert.deepEqual([storage.observeFiles(), storage.observeMounts()], [[CONTAINER], []]);
	await storage.rootMount.make(MOUNT, {});
	await storage.rootMount.make(MOUNT, {});
	assert.deepEqual(storage.observeMounts(), [CONTAINER]);
	const mounts = listMounts().filter(({ target }) => target === root);
	assert.equal(mounts.length, 1, 'made twice, mounted once');
	assert.deepEqual(mounts[0]?.propagation, [], 'private');
	assert.equal(statSync(root).mode & 0o777, 0o755, 'others than root may enter');
	writeFileSync(join(root, 'etc/name'), 'container');
	assert.equal(readFileSync(join(paths.layer(IMAGE), 'etc/name'), 'utf8'), 'image');
	await storage.rootMount.unmake(MOUNT, {});
	await storage.rootMount.unmake(MOUNT, {});
	assert.deepEqual(storage.observeMounts(), []);
	await storage.rootMount.make(MOUNT, {});
	assert.equal(readFileSync(join(root, 'etc/name'), 'utf8'), 'container');
	await storage.rootMount.unmake(MOUNT, {});
	await storage.rootFiles.unmake(FILES, {});
	await storage.rootFiles.unmake(FILES, {});
	assert.deepEqual(storage.observeFiles(), []);
	assert.deepEqual(readdirSync(paths.containers()), []);
});

test('files of a mounted container are not removed', async (context) => {
	const { paths, storage, root } = setUp(context);
	await storage.rootFiles.make(FILES, {});
	await storage.rootMount.make(MOUNT, {});
	writeFileSync(join(root, 'mine'), 'precious');
	await assert.rejects(async () => storage.rootFiles.unmake(FILES, {}), { code: 'HOST_FAILED', why: /mounted/ });
	assert.equal(readFileSync(join(paths.container(CONTAINER), 'upper/mine'), 'utf8'), 'precious');
});

test('the directory of a container goes with its files, also where the end of a run has left the list of name servers', async (context) => {
	const { paths, storage } = setUp(context);
	await storage.rootFiles.make(FILES, {});
	writeFileSync(paths.resolvConf(CONTAINER), 'search kleene\n');
	await storage.rootFiles.unmake(FILES, {});
	assert.deepEqual(readdirSync(paths.containers()), []);
});

test('a root that a process still uses, with mounts inside and twice mounted, is taken away', async (context) => {
	const { storage, root } = setUp(context);
	await storage.rootFiles.make(FILES, {});
	await storage.rootMount.make(MOUNT, {});
	const child = spawn('sleep', ['60'], { cwd: root });
	context.after(() => child.kill());
	await new Promise((resolve) => child.once('spawn', resolve));
	execFileSync('mount', ['-t', 'tmpfs', 'kleene-test', join(root, 'etc')]);
	execFileSync('mount', ['-t', 'tmpfs', 'kleene-test', root]);
	await storage.rootMount.unmake(MOUNT, {});
	assert.equal(
		listMounts().some(({ target }) => target.startsWith(root)),
		false,
	);
	await storage.rootFiles.unmake(FILES, {});
	assert.equal(existsSync(root), false);
});

test('a root with another image below is an error and not a success', async (context) => {
	const { paths, storage } = setUp(context);
	mkdirSync(paths.layer('abcdef999999'), { recursive: true });
	await storage.rootFiles.make(FILES, {});
	await storage.rootMount.make(MOUNT, {});
	assert.throws(() => storage.rootMount.make({ ...MOUNT, layers: ['abcdef999999'] }, {}), {
		code: 'HOST_FAILED',
		why: /has something else mounted: overlay of .*abcdef012345/,
	});
});

test('a root path that overlayfs cannot be told about is refused', async (context) => {
	for (const name of ['a,b', 'a:b', 'a\\b']) {
		const { storage } = setUp(context, name);
		await storage.rootFiles.make(FILES, {});
		assert.throws(() => storage.rootMount.make(MOUNT, {}), { code: 'CONFIG_INVALID' }, name);
	}
});

test('a root whose image is missing is refused', async (context) => {
	const { storage } = setUp(context);
	await storage.rootFiles.make(FILES, {});
	const part = { ...MOUNT, layers: ['abcdef999999'] };
	const making = translateErrors(make(part), () => storage.rootMount.make(part, {}));
	await assert.rejects(making, {
		name: 'KleeneError',
		code: 'HOST_FAILED',
		why: /No such file/,
	});
	assert.deepEqual(storage.observeMounts(), []);
});

test('what a container wrote is removed whatever it is called and however deep it lies', async (context) => {
	const { paths, storage } = setUp(context);
	await storage.rootFiles.make(FILES, {});
	const upper = join(paths.container(CONTAINER), 'upper');
	const before = process.cwd();
	process.chdir(upper);
	for (let depth = 0; depth < 900; depth += 1) {
		mkdirSync('dddddddd');
		process.chdir('dddddddd');
		writeFileSync('f', '');
	}
	process.chdir(before);
	writeFileSync(Buffer.concat([Buffer.from(`${upper}/`), Buffer.from([0xff, 0xfe])]), '');
	let turns = 0;
	const timer = setInterval(() => {
		turns += 1;
	}, 1);
	await storage.rootFiles.unmake(FILES, {});
	clearInterval(timer);
	assert.ok(turns > 0, 'the event loop went on meanwhile');
	assert.deepEqual(readdirSync(paths.containers()), []);
});

test('what is mounted below removed files is not entered', async (context) => {
	const { paths, storage } = setUp(context);
	await storage.rootFiles.make(FILES, {});
	const [upper, precious] = [join(paths.container(CONTAINER), 'upper/m'), join(paths.root, 'precious')];
	mkdirSync(upper);
	mkdirSync(precious);
	writeFileSync(join(precious, 'file'), 'x');
	execFileSync('mount', ['--bind', precious, upper]);
	try {
		await assert.rejects(async () => storage.rootFiles.unmake(FILES, {}), { code: 'HOST_FAILED', why: /mounted/ });
		assert.deepEqual(readdirSync(precious), ['file']);
	} finally {
		execFileSync('umount', [upper]);
	}
});

test('steps in the words of mount', (context) => {
	const { storage, root } = setUp(context, 'k');
	assert.deepEqual(storage.rootMount.describe('unmake', MOUNT), [`umount ${root}`]);
	assert.match(
		storage.rootMount.describe('make', MOUNT)[0] ?? '',
		/^mount -t overlay -o lowerdir=.*\/abcdef012345,upperdir=.*\/upper,workdir=.*\/work,index=off\S* overlay \/.*\/root$/,
	);
});
