/** The Debian package, unpacked into an empty root directory. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { outputOf, run } from '#test/testbed/command.ts';
import { TestHost } from '#test/testbed/test-host.ts';
import { copyCheckout, userEnvironment } from './checkout-copy.ts';

const folder = mkdtempSync(join(tmpdir(), 'deb-'));
const root = join(folder, 'root');
const env = userEnvironment(folder);
let file: string;

before(async () => {
	const source = join(folder, 'source');
	mkdirSync(source);
	mkdirSync(join(root, 'etc'), { recursive: true });
	copyCheckout(source);
	const output = await outputOf(['npm', 'run', '--silent', 'package:deb', '--', folder], {
		cwd: source,
		env,
		timeout: 200_000,
	});
	file = output.trimEnd().split('\n').at(-1) ?? '';
	await outputOf(['dpkg-deb', '--extract', file, root]);
	await outputOf(['systemd-sysusers', `--root=${root}`]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('it names its dependencies, and its scripts are ones that sh can read', async () => {
	assert.match(
		await outputOf(['dpkg-deb', '--field', file, 'Depends']),
		/nodejs \(>= 22\.18\).*conmon.*libnftables1, netbase/,
	);
	await outputOf(['dpkg-deb', '--control', file, join(folder, 'control')]);
	for (const script of ['postinst', 'prerm', 'postrm']) await outputOf(['sh', '-n', join(folder, 'control', script)]);
});

test('it holds programs, unit, completion and manual pages, all of root', async () => {
	for (const path of [
		'usr/bin/klee',
		'usr/sbin/kleened',
		'usr/lib/kleene/dist/init/init-x64',
		'usr/lib/kleene/dist/console/index.html',
		'usr/share/man/man1/klee.1.gz',
		'usr/share/man/man8/kleened.8.gz',
		'usr/share/bash-completion/completions/klee',
		'usr/share/zsh/vendor-completions/_klee',
		'usr/share/fish/vendor_completions.d/klee.fish',
		'usr/share/doc/kleene/copyright',
	]) {
		const { size, uid } = statSync(join(root, path));
		assert.ok(size > 0 && uid === 0, path);
	}
	const listing = await outputOf(['dpkg-deb', '--contents', file]);
	assert.doesNotMatch(listing, /compile-cache|\.map$/m);
	assert.doesNotMatch(listing, /^[-d].{4}w|^[-d].{7}w/m);
	assert.ok(lstatSync(join(root, 'usr/bin/klee')).isSymbolicLink());
});

test('systemd accepts the unit, the group and the directories', async () => {
	const verified = await run([
		'systemd-analyze',
		'verify',
		'--man=no',
		join(root, 'usr/lib/systemd/system/kleened.service'),
	]);
	// The machine of the test has no kleened installed.
	const complaints = verified.stderr
		.split('\n')
		.filter((line) => /kleened\.service/.test(line) && !/not executable/.test(line));
	assert.deepEqual(complaints, []);
	assert.match(readFileSync(join(root, 'etc/group'), 'utf8'), /^kleene:/m);
	await outputOf(['systemd-tmpfiles', `--root=${root}`, '--create', 'kleene.conf']);
	assert.ok(statSync(join(root, 'var/lib/kleene')).isDirectory());
});

test('its daemon serves its klee, and its socket is for the group kleene', async () => {
	const withGroup = [
		'unshare',
		'--mount',
		'sh',
		'-c',
		'mount --bind "$0" /etc/group && exec "$@"',
		join(root, 'etc/group'),
	];
	const host = await TestHost.start({ program: [...withGroup, join(root, 'usr/sbin/kleened')] });
	try {
		const [, id] = /^kleene:[^:]*:(\d+):/m.exec(readFileSync(join(root, 'etc/group'), 'utf8')) ?? [];
		const { gid, mode } = statSync(host.socket);
		assert.deepEqual([gid, mode & 0o777], [Number(id), 0o660]);
		const listed = await outputOf([join(root, 'usr/bin/klee'), 'network', 'ls'], {
			env: { ...env, ...host.environment },
		});
		assert.match(listed, /NAME/i);
	} finally {
		await host.close();
	}
});
