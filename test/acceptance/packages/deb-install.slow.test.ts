/** The Debian package through its life on a machine: installed, used, upgraded, removed, installed again and purged. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { BUSYBOX } from '#test/testbed/prepared/busybox.ts';
import { copyCheckout, userEnvironment } from './checkout-copy.ts';
import { DebianMachine } from './debian-machine.ts';

const folder = mkdtempSync(join(tmpdir(), 'deb-'));
const UNIT_ENABLED = 'etc/systemd/system/multi-user.target.wants/kleened.service';
let machine: DebianMachine;
let filesBefore: string[];
/** Process id of the container's program, on the machine. */
let program: string;

before(async () => {
	machine = await DebianMachine.start();
	const source = join(folder, 'source');
	mkdirSync(source);
	copyCheckout(source);
	const env = userEnvironment(folder);
	const output = await outputOf(['npm', 'run', '--silent', 'package:deb', '--', folder], {
		cwd: source,
		env,
		timeout: 200_000,
	});
	const file = output.trimEnd().split('\n').at(-1) ?? '';
	cpSync(file, join(machine.root, 'tmp/kleene.deb'));
	await outputOf(['dpkg-deb', '--raw-extract', file, join(folder, 'next')]);
	await outputOf(['sed', '-i', 's/^Version: .*/&+next/', join(folder, 'next/DEBIAN/control')]);
	await outputOf([
		'dpkg-deb',
		'--root-owner-group',
		'-Znone',
		'--build',
		join(folder, 'next'),
		join(machine.root, 'tmp/next.deb'),
	]);
	await installNode();
	await makeImage();
	filesBefore = await machine.files();
});
after(async () => {
	await machine.close();
	rmSync(folder, { recursive: true, force: true });
});

/** A package nodejs with the Node of this test: Debian 12 itself has none that is recent enough. */
async function installNode(): Promise<void> {
	const tree = join(folder, 'nodejs');
	mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
	mkdirSync(join(tree, 'usr/bin'), { recursive: true });
	const architecture = (await outputOf(['dpkg', '--print-architecture'])).trim();
	const fields = { Package: 'nodejs', Version: process.versions.node, Architecture: architecture };
	const rest = { Maintainer: 'Test <test@localhost>', Description: 'Node of this test' };
	const control = Object.entries({ ...fields, ...rest }).map(([name, value]) => `${name}: ${value}\n`);
	writeFileSync(join(tree, 'DEBIAN/control'), control.join(''));
	cpSync(process.execPath, join(tree, 'usr/bin/node'), { dereference: true });
	await outputOf(['dpkg-deb', '--root-owner-group', '-Znone', '--build', tree, join(machine.root, 'tmp/nodejs.deb')]);
	await machine.output('dpkg', '--install', '/tmp/nodejs.deb');
}

async function makeImage(): Promise<void> {
	const image = join(folder, 'image');
	mkdirSync(join(image, 'bin'), { recursive: true });
	cpSync(BUSYBOX, join(image, 'bin/busybox'));
	await outputOf(['ln', '-s', 'busybox', join(image, 'bin/sh')]);
	await outputOf(['tar', '--create', '--file', join(machine.root, 'tmp/image.tar'), '-C', image, '.']);
}

test('dpkg installs it, and kleened runs with socket, group, unit, pages and completion', async () => {
	const { stderr, code, stdout } = await machine.run('dpkg', '--install', '/tmp/kleene.deb');
	assert.equal(code, 0, stdout + stderr);
	assert.equal(machine.has(UNIT_ENABLED) || (await machine.run('test', '-L', `/${UNIT_ENABLED}`)).code === 0, true);
	const [, group] = /^kleene:[^:]*:(\d+):/m.exec(readFileSync(join(machine.root, 'etc/group'), 'utf8')) ?? [];
	assert.equal(await machine.output('stat', '-c', '%a %u %g', '/run/kleened.sock'), `660 0 ${group}`);
	assert.equal(statSync(join(machine.root, 'var/lib/kleene')).mode & 0o777, 0o711);
	assert.match(await machine.output('klee', 'version'), /klee/i);
	assert.match(await machine.output('zcat', '/usr/share/man/man1/klee.1.gz'), /^\.TH KLEE 1/m);
	const completed =
		'COMP_WORDS=(klee netw); COMP_CWORD=1; . /usr/share/bash-completion/completions/klee; complete -p klee';
	assert.match(await machine.output('bash', '-c', completed), /complete .*klee/);
});

test('a container runs on a network, with a volume', async () => {
	await machine.output('klee', 'image', 'create', '-t', 'Box', 'fetch', 'file:///tmp/image.tar');
	await machine.output('klee', 'network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'web');
	const write = ['sh', '-c', 'echo kept >/data/file; exec /bin/busybox sleep 1000'];
	await machine.output(
		'klee',
		'run',
		'-d',
		'--name',
		'keeper',
		'-l',
		'vnet',
		'-n',
		'web',
		'-m',
		'data:/data',
		'Box',
		...write,
	);
	const seen = await machine.output('klee', 'exec', 'keeper', '/bin/busybox', 'ip', 'address');
	assert.match(seen, /inet 10\.4\.6\.2\/24/);
	program = await machine.output('pgrep', '-f', '^/bin/busybox sleep 1000');
});

test('an upgrade starts the next kleened, and the container runs on', async () => {
	machine.write('etc/kleened/mine.txt', 'mine');
	await machine.output('systemctl', '--quiet', 'disable', 'kleened.service');
	const daemon = await machine.output('cat', '/run/kleened.pid');
	await machine.output('dpkg', '--install', '/tmp/next.deb');
	assert.notEqual(await machine.output('cat', '/run/kleened.pid'), daemon);
	assert.equal(await machine.output('pgrep', '-f', '^/bin/busybox sleep 1000'), program);
	assert.equal(await machine.output('klee', 'exec', 'keeper', '/bin/busybox', 'cat', '/data/file'), 'kept');
	assert.equal((await machine.run('test', '-L', `/${UNIT_ENABLED}`)).code, 1, 'what was disabled stays so');
	assert.ok(machine.has('etc/kleened/mine.txt'));
});

test('a removal ends kleened, keeps state and settings, and leaves nothing else', async () => {
	await machine.output('dpkg', '--remove', 'kleene');
	assert.equal((await machine.run('test', '-e', '/run/kleened.pid')).code, 1);
	assert.equal((await machine.run('test', '-e', '/run/kleened.sock')).code, 1);
	assert.equal(await machine.output('pgrep', '-f', '^/bin/busybox sleep 1000'), program);
	const left = await newFiles();
	assert.deepEqual(
		left.filter((path) => !/^\.\/(var\/lib\/kleene|etc\/kleened)(\/|$)/.test(path)),
		[],
	);
	assert.ok(left.includes('./etc/kleened/mine.txt'));
});

test('a purge beside a running container keeps what is mounted in it', async () => {
	const { code, stderr, stdout } = await machine.run('dpkg', '--purge', 'kleene');
	assert.equal(code, 0, stdout + stderr);
	assert.match(stdout + stderr, /containers still run, \/var\/lib\/kleene is kept/);
	assert.ok(machine.has('var/lib/kleene/volumes/data'));
	assert.equal(machine.has('etc/kleened'), false);
});

test('installed again it finds the container, and the purge after that leaves nothing', async () => {
	await machine.output('dpkg', '--install', '/tmp/next.deb');
	assert.match(await machine.output('klee', 'ps'), /keeper .*running/);
	await machine.output('klee', 'rmc', '-f', 'keeper');
	await machine.output('klee', 'rmn', 'web');
	await machine.output('dpkg', '--purge', 'kleene');
	assert.deepEqual(await newFiles(), []);
	assert.doesNotMatch(await machine.output('ip', '-o', 'link'), /kleene|epair/);
	assert.equal((await machine.run('pgrep', '-f', 'kleene|conmon|runc')).stdout, '');
});

/** The group stays, as in other packages: files may belong to it. */
async function newFiles(): Promise<string[]> {
	const known = new Set(filesBefore);
	const backups = /^\.\/etc\/(group|gshadow|passwd|shadow|subuid|subgid)-?$/;
	return (await machine.files()).filter((path) => !known.has(path) && !backups.test(path));
}
