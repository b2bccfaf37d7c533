/**
 * The scripts that make volumes on FreeBSD, run by a POSIX shell. There is no ZFS here: `zfs` is a few lines of shell
 * that keep datasets as directories. What it prints is as in the recordings of a real host.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Paths } from '#host/freebsd/paths.ts';
import { parseRefusal } from '#host/freebsd/refusals.ts';
import { FreebsdVolumes } from '#host/freebsd/storage/volumes.ts';
import type { PartOf } from '#model/part.ts';
import type { Script } from '#os/shell/quote.ts';
import { scratch } from '#test/host-linux/storage/scratch.ts';

const CONTAINER = 'c0ffee012345';
const VOLUMES = new FreebsdVolumes(new Paths('zroot/kleene'));

const ZFS = `#!/bin/sh
for last; do :; done
there() { [ -d "$POOL/$last" ] || { echo "cannot open '$last': dataset does not exist" >&2; exit 1; }; }
case "$1 $*" in
'list '*) there; echo "$last" ;;
'create '*) mkdir -p "$POOL/$last" ;;
'destroy '*) there; rm -r "$POOL/$last" "$POOL/$last.note" 2>/dev/null; [ ! -e "$POOL/$last" ] ;;
*' mounted '*) there; echo yes ;;
*' mountpoint '*) there; echo "$POOL/$last" ;;
'get '*' kleene:filling '*) there; cat "$POOL/$last.note" 2>/dev/null || echo - ;;
'set '*) there; echo "\${2#kleene:filling=}" >"$POOL/$last.note" ;;
'inherit '*) there; rm -f "$POOL/$last.note" ;;
*) echo "unexpected: zfs $*" >&2; exit 2 ;;
esac
`;

interface Host {
	readonly pool: string;
	/** Path of something in the container, and in the volume `data`. */
	inside(path: string): string;
	volume(path?: string): string;
	run(script: Script): { readonly code: number | null; readonly stderr: string };
}

function setUp(context: TestContext): Host {
	const pool = scratch(context);
	const commands = join(pool, 'bin');
	mkdirSync(commands);
	for (const [name, text] of Object.entries({ zfs: ZFS, chflags: '#!/bin/sh\n' })) {
		writeFileSync(join(commands, name), text);
		chmodSync(join(commands, name), 0o755);
	}
	const inside = (path: string) => join(pool, 'zroot/kleene/container', CONTAINER, path);
	mkdirSync(inside('srv'), { recursive: true });
	const env = { PATH: `${commands}:${process.env.PATH}`, POOL: pool, LC_ALL: 'C' };
	return {
		pool,
		inside,
		volume: (path = '') => join(pool, 'zroot/kleene/volumes/data', path),
		run: ({ text }) => {
			const { status, stderr } = spawnSync('/bin/sh', ['-c', `( set -e\n${text}\n) </dev/null`], { env });
			return { code: status, stderr: stderr.toString() };
		},
	};
}

const FILES = { kind: 'volume-files', volume: 'data' } as const;

function mountPoint(destination: string, more: Partial<PartOf<'mount-point'>> = {}): PartOf<'mount-point'> {
	const mount = { type: 'volume', source: 'data', destination, readOnly: false } as const;
	return { kind: 'mount-point', container: CONTAINER, layers: ['abcdef012345'], mount, fill: true, ...more };
}

const nullfs = (source: string, destination: string) =>
	mountPoint(destination, { mount: { type: 'nullfs', source, destination, readOnly: true }, fill: false });

const done = { code: 0, stderr: '' };

test('a volume is made and removed, each twice', (context) => {
	const host = setUp(context);
	for (const _ of [1, 2]) assert.deepEqual(host.run(VOLUMES.files.make(FILES, {})), done);
	assert.ok(existsSync(host.volume()));
	for (const _ of [1, 2]) assert.deepEqual(host.run(VOLUMES.files.unmake(FILES, {})), done);
	assert.ok(!existsSync(host.volume()));
});

test('an empty volume takes on files, owner and mode, once; taking it back leaves it as it was', (context) => {
	const host = setUp(context);
	host.run(VOLUMES.files.make(FILES, {}));
	mkdirSync(host.inside('srv/with space'));
	writeFileSync(host.inside('srv/with space/.dot'), 'content');
	symlinkSync('/etc/passwd', host.inside('srv/link'));
	chmodSync(host.inside('srv'), 0o1750);
	chownSync(host.inside('srv/with space/.dot'), 4711, 4712);
	const make = VOLUMES.mountPoints.make(mountPoint('/srv'), {});
	for (const _ of [1, 2]) assert.deepEqual(host.run(make), done);
	assert.deepEqual(readdirSync(host.volume()).sort(), ['link', 'with space']);
	assert.equal(statSync(host.volume()).mode & 0o7777, 0o1750);
	assert.equal(statSync(host.volume('with space/.dot')).uid, 4711);
	const unmake = VOLUMES.mountPoints.unmake(mountPoint('/srv'), {});
	for (const _ of [1, 2]) assert.deepEqual(host.run(unmake), done);
	assert.deepEqual(readdirSync(host.volume()), []);
	assert.equal(statSync(host.volume()).mode & 0o7777, 0o755);
	writeFileSync(host.volume('mine'), '');
	assert.deepEqual(host.run(make), done);
	assert.deepEqual(host.run(unmake), done);
	assert.deepEqual(readdirSync(host.volume()), ['mine'], 'what was there before stays, whatever is made or unmade');
});

test('a copy that was cut short is begun again, one that fails leaves nothing', (context) => {
	const host = setUp(context);
	host.run(VOLUMES.files.make(FILES, {}));
	writeFileSync(host.inside('srv/file'), 'content');
	writeFileSync(host.volume('file'), 'cont');
	writeFileSync(`${host.volume()}.note`, `filling ${CONTAINER}\n`);
	assert.deepEqual(host.run(VOLUMES.mountPoints.make(mountPoint('/srv'), {})), done);
	assert.equal(readFileSync(host.volume('file'), 'utf8'), 'content');
	host.run(VOLUMES.mountPoints.unmake(mountPoint('/srv'), {}));
	const broken = join(host.pool, 'bin/tar');
	writeFileSync(broken, '#!/bin/sh\ncase $1 in -cf) exit 1 ;; esac\ncat >/dev/null; cd "$5"; touch half\n');
	chmodSync(broken, 0o755);
	const { code, stderr } = host.run(VOLUMES.mountPoints.make(mountPoint('/srv'), {}));
	assert.deepEqual([code, stderr], [1, 'cannot copy /srv of the image into volume data\n']);
	assert.deepEqual(readdirSync(host.volume()), []);
	assert.ok(!existsSync(`${host.volume()}.note`));
});

test('a volume that somebody uses is not filled, and its place is made', (context) => {
	const host = setUp(context);
	host.run(VOLUMES.files.make(FILES, {}));
	writeFileSync(host.inside('srv/file'), 'content');
	assert.deepEqual(host.run(VOLUMES.mountPoints.make(mountPoint('/srv', { fill: false }), {})), done);
	assert.deepEqual(host.run(VOLUMES.mountPoints.make(mountPoint('/no/such', { fill: false }), {})), done);
	assert.deepEqual(readdirSync(host.volume()), []);
	assert.ok(statSync(host.inside('no/such')).isDirectory());
});

test('links lead to what is inside of the container', (context) => {
	const host = setUp(context);
	const outside = join(host.pool, 'outside');
	mkdirSync(outside);
	writeFileSync(join(outside, 'key'), 'of the host');
	symlinkSync(outside, host.inside('absolute'));
	symlinkSync('../../../../../../../../..', host.inside('climb'));
	symlinkSync('round', host.inside('round'));
	host.run(VOLUMES.files.make(FILES, {}));
	for (const path of ['/absolute', `/climb${outside}`, '/absolute/../../../etc/new']) {
		assert.deepEqual(host.run(VOLUMES.mountPoints.make(mountPoint(path), {})), done, path);
		assert.deepEqual(host.run(VOLUMES.mountPoints.make(nullfs(outside, `${path}/deep`), {})), done, path);
	}
	assert.deepEqual(readdirSync(outside), ['key'], 'nothing was made outside');
	assert.ok(!existsSync(host.volume('key')), 'and nothing taken from there');
	assert.ok(existsSync(host.inside(`${outside}/deep`)), 'made below the root of the container');
	const circle = host.run(VOLUMES.mountPoints.make(mountPoint('/round/x'), {}));
	assert.deepEqual([circle.code, circle.stderr], [1, 'links go round in a circle at /round/x\n']);
});

test('the place of a file is a file; sources that are missing or special are refused', (context) => {
	const host = setUp(context);
	const file = join(host.pool, "it's a file");
	writeFileSync(file, 'content');
	for (const _ of [1, 2]) assert.deepEqual(host.run(VOLUMES.mountPoints.make(nullfs(file, '/a/b/c'), {})), done);
	assert.equal(readFileSync(host.inside('a/b/c'), 'utf8'), '');
	for (const [source, message] of [
		['/no/such', 'error ocurred while determining source type: :enoent'],
		['/dev/null', 'could not determine source type, must be either directory or regular file'],
	] as const) {
		const looked = VOLUMES.mountPoints.require?.(nullfs(source, '/x'));
		assert.ok(looked);
		for (const script of [looked, VOLUMES.mountPoints.make(nullfs(source, '/x'), {})]) {
			const { code, stderr } = host.run(script);
			const error = parseRefusal(stderr);
			assert.deepEqual([code, error?.code, error?.message], [1, 'INVALID_ARGUMENT', message]);
			assert.match(error?.hint ?? '', new RegExp(`mkdir -p ${source}, or correct the path`));
		}
	}
	assert.ok(!existsSync(host.inside('x')));
});

test('in the words of zfs', () => {
	assert.deepEqual(VOLUMES.files.describe('make', FILES), ['zfs create zroot/kleene/volumes/data']);
	assert.deepEqual(VOLUMES.files.describe('unmake', FILES), ['zfs destroy -r zroot/kleene/volumes/data']);
	assert.deepEqual(VOLUMES.mountPoints.describe('make', mountPoint('/srv')), [
		`mkdir -p /zroot/kleene/container/${CONTAINER}/srv`,
		`tar -cf - -C /zroot/kleene/container/${CONTAINER}/srv . | tar -xpf - -C /zroot/kleene/volumes/data`,
	]);
});
