/** Mounts of RUN, by scripts on a real sh: nullfs is a bind mount here, and tmpfs is tmpfs. */
import assert from 'node:assert/strict';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isKleeneError } from '#errors/kleene-error.ts';
import { applyBatch } from '#host/freebsd/batch.ts';
import { FreebsdBuilds } from '#host/freebsd/build/contexts.ts';
import { RunMounts } from '#host/freebsd/build/run-mounts.ts';
import type { PartHandlers } from '#host/freebsd/handler.ts';
import { Paths } from '#host/freebsd/paths.ts';
import type { RunMount } from '#model/build/run-mounts.ts';
import { make, unmake } from '#model/step.ts';
import { listMounts, unmountAll } from '#os/linux/mounts.ts';
import { LocalShell } from '#os/shell/local.ts';
import { CONTAINER, CONTEXT, write } from './place.ts';

const CACHE = 'a'.repeat(32);
const OWNER = { uid: 0, gid: 0, mode: 0o755 };

/** Datasets are directories below the pool. */
const zfs = (pool: string) => `for name; do :; done
case "$*" in
'list '*) find ${pool}/\${name#zroot/} -maxdepth 1 -type d 2>/dev/null | sed 's,^${pool}/,zroot/,' | grep . ;;
'create '*) mkdir ${pool}/\${name#zroot/} ;;
'destroy '*) rm -r ${pool}/\${name#zroot/} ;;
*mountpoint*) echo ${pool}/\${name#zroot/} ;;
*mounted*) echo yes ;;
esac`;

/** Of FreeBSD, in the words of that of Linux. */
const MOUNT = `PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ $# -gt 0 ] || exec sed 's,^\\([^ ]*\\) \\([^ ]*\\) \\([^ ]*\\) .*,\\1 on \\2 (\\3),' /proc/self/mounts
type=$2; shift 2
options=; [ "$1" != -o ] || { options=$2; shift 2; }
[ "$type" = nullfs ] || exec mount -t "$type" -o "$options" "$@"
mount --bind "$1" "$2" && mount --make-private "$2"
[ "$options" != ro ] || exec mount -o remount,bind,ro "$2"`;

function place(t: TestContext) {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-mounts-'));
	const [bin, pool] = [join(directory, 'bin'), join(directory, 'pool')];
	const programs = { tar: 'exec bsdtar "$@"', zfs: zfs(pool), mount: MOUNT, umount: 'exec /usr/bin/umount "$@"' };
	for (const made of [bin, join(pool, 'k')]) mkdirSync(made, { recursive: true });
	for (const [name, text] of Object.entries(programs))
		writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
	const paths = new Paths('zroot/k', join(pool, 'k'), '0', join(directory, 'run'));
	const shell = new LocalShell({ path: bin });
	t.after(async () => {
		await shell.close();
		for (const { target } of listMounts().toReversed()) if (target.startsWith(`${directory}/`)) unmountAll(target);
		rmSync(directory, { recursive: true, force: true });
	});
	const root = paths.containerRoot(CONTAINER);
	write(root, { 'etc/passwd': 'root', 'etc/rc': 'rc' });
	write(paths.buildContext(CONTEXT), { data: 'data', 'dir/one': 'one' });
	const builds = new FreebsdBuilds(shell, paths);
	builds.keepSecrets('build', new Map([['token', Buffer.from([0, 0x27, 0x5c, 0xff, 0x0a])]]));
	const handlers = { 'run-mounts': new RunMounts(paths, builds) } as unknown as PartHandlers;
	const part = (mounts: readonly RunMount[]) => ({ kind: 'run-mounts', container: CONTAINER, mounts }) as const;
	return {
		directory,
		root,
		paths,
		builds,
		make: (...mounts: RunMount[]) => applyBatch(shell, handlers, [make(part(mounts))]),
		unmake: (...mounts: RunMount[]) => applyBatch(shell, handlers, [unmake(part(mounts))]),
		mounted: () => listMounts().filter(({ target }) => target.startsWith(`${directory}/`)).length,
	};
}

const origin = { kind: 'context', context: CONTEXT } as const;
const mount = (destination: string, source: RunMount['source'], readOnly = false): RunMount => ({
	...{ destination, source, readOnly },
});
const cache = { kind: 'cache', cache: CACHE, owner: { uid: 12, gid: 34, mode: 0o700 } } as const;
const secret = { kind: 'secret', build: 'build', id: 'token', owner: { uid: 7, gid: 0, mode: 0o440 } } as const;
const bind = (path: string) => ({ kind: 'bind', origin, path }) as const;

test('each mount is there for the RUN, and nothing of it afterwards but what is in a cache', async (t) => {
	const { root, paths, builds, make: mountAll, unmake: clear, mounted } = place(t);
	const mounts = [
		mount('/c', cache),
		mount('/t', { kind: 'tmpfs', size: 1_048_576 }),
		mount('/run/secrets/token', secret, true),
		mount('/src', bind('/'), true),
		mount('/changed', bind('/dir')),
		mount('/one', bind('/dir/one')),
	];
	await mountAll(...mounts);
	const { uid, gid, mode } = statSync(join(root, 'c'));
	assert.deepEqual([uid, gid, mode & 0o7777], [12, 34, 0o700]);
	const token = join(root, 'run/secrets/token');
	assert.deepEqual(readFileSync(token), Buffer.from([0, 0x27, 0x5c, 0xff, 0x0a]));
	assert.deepEqual([statSync(token).uid, statSync(token).mode & 0o7777], [7, 0o440]);
	assert.equal(readFileSync(join(root, 'src/data'), 'utf8'), 'data');
	for (const name of ['src/new', 'run/secrets/token'])
		assert.throws(() => writeFileSync(join(root, name), 'x'), /EROFS/);
	for (const name of ['c/kept', 'changed/new', 'changed/one', 'one', 't/x']) writeFileSync(join(root, name), 'new');
	assert.throws(() => writeFileSync(join(root, 't/x'), Buffer.alloc(2_000_000)), /ENOSPC/);
	await clear(...mounts);
	assert.deepEqual([readdirSync(root).sort(), mounted()], [['etc'], 0]);
	assert.deepEqual(readdirSync(paths.buildContext(CONTEXT), { recursive: true }).sort(), ['data', 'dir', 'dir/one']);
	assert.equal(readFileSync(join(paths.buildContext(CONTEXT), 'dir/one'), 'utf8'), 'one');
	assert.deepEqual(readdirSync(join(paths.mountPoint, 'build')), [CONTEXT]);
	assert.ok(!existsSync(paths.runMounts(CONTAINER)));
	await mountAll(mount('/other', cache));
	assert.equal(readFileSync(join(root, 'other/kept'), 'utf8'), 'new');
	await clear(mount('/other', cache));
	await clear(mount('/other', cache));
	assert.deepEqual(await builds.caches(), [CACHE]);
	await builds.removeCache(CACHE);
	assert.deepEqual(await builds.caches(), []);
});

test('links lead nowhere out of the root or the context, neither before the RUN nor after it', async (t) => {
	const { directory, root, paths, make: mountAll, unmake: clear, mounted } = place(t);
	const outside = join(directory, 'outside');
	mkdirSync(join(outside, 'work/x'), { recursive: true });
	symlinkSync(outside, join(root, 'escape'));
	symlinkSync('../../../../../../..', join(root, 'up'));
	symlinkSync('/etc', join(paths.buildContext(CONTEXT), 'etc'));
	const there = [mount('/escape/t', { kind: 'tmpfs', size: 4096 }), mount('/up/work/x', bind('/dir'), true)];
	await mountAll(...there);
	assert.deepEqual(readdirSync(outside, { recursive: true }).sort(), ['work', 'work/x']);
	assert.equal(readFileSync(join(root, 'work/x/one'), 'utf8'), 'one');
	await clear(...there);
	assert.deepEqual([readdirSync(root).sort(), mounted()], [['escape', 'etc', 'up'], 0]);
	await mountAll(there[1] as RunMount);
	// What a RUN could have done meanwhile, had it no mount below.
	for (const { target } of listMounts()) if (target === join(root, 'work/x')) unmountAll(target);
	rmSync(join(root, 'work'), { recursive: true });
	symlinkSync(join(outside, 'work'), join(root, 'work'));
	await clear(there[1] as RunMount);
	assert.ok(existsSync(join(outside, 'work/x')));
	await assert.rejects(mountAll(mount('/m', bind('/etc/passwd'))), /there is no such file/);
});

test('what cannot be mounted is refused, and what was mounted before it is gone', async (t) => {
	const { root, make: mountAll, mounted } = place(t);
	const refused = async (pattern: RegExp, ...mounts: RunMount[]) => {
		await assert.rejects(mountAll(mount('/t', { kind: 'tmpfs', size: 4096 }), ...mounts), (error) => {
			assert.ok(isKleeneError(error) && error.code === 'BUILD_FAILED', String(error));
			assert.match(error.why, pattern);
			return true;
		});
		assert.deepEqual([readdirSync(root), mounted()], [['etc'], 0]);
	};
	await refused(/no such file/, mount('/x', bind('/none')));
	await refused(/\/etc\/passwd is no directory in the image/, mount('/etc/passwd', cache));
	await refused(/\/etc\/passwd is no directory in the image/, mount('/etc/passwd/x', cache));
	await refused(/the image has a directory there/, mount('/etc', bind('/data')));
	await refused(/its build has ended/, mount('/s', { ...secret, build: 'another', owner: OWNER }));
});
