import assert from 'node:assert/strict';
import {
	chmodSync,
	chownSync,
	existsSync,
	linkSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Paths } from '#host/linux/paths.ts';
import { translateErrors } from '#host/linux/refusals.ts';
import { LinuxVolumes } from '#host/linux/storage/volumes.ts';
import type { PartOf } from '#model/part.ts';
import { make } from '#model/step.ts';
import { run } from '#os/exec.ts';
import { scratch } from './scratch.ts';

const CONTAINER = 'c0ffee012345';
const IMAGE = 'abcdef012345';
const FILES = { kind: 'volume-files', volume: 'data' } as const;

function mountPoint(destination = '/srv', container = CONTAINER): PartOf<'mount-point'> {
	const mount = { type: 'volume', source: 'data', destination, readOnly: false } as const;
	return { kind: 'mount-point', container, layers: [IMAGE], mount, fill: true };
}

async function setUp(context: TestContext) {
	const paths = new Paths(join(scratch(context), 'root'));
	const image = join(paths.layer(IMAGE), 'srv');
	mkdirSync(image, { recursive: true });
	const volumes = new LinuxVolumes(paths);
	await volumes.files.make(FILES, {});
	return { paths, volumes, image, place: paths.volume('data') };
}

test('a volume is made and removed, each twice; one that is there keeps what is in it', async (context) => {
	const { paths, volumes, place } = await setUp(context);
	assert.equal(statSync(place).mode & 0o7777, 0o755);
	assert.equal(statSync(paths.volumes()).mode & 0o7777, 0o700, 'out of reach of the users of the host');
	writeFileSync(join(place, 'file'), 'precious');
	await volumes.files.make(FILES, {});
	assert.equal(readFileSync(join(place, 'file'), 'utf8'), 'precious');
	for (const _ of [1, 2]) await volumes.files.unmake(FILES, {});
	assert.ok(!existsSync(place));
});

test('an empty volume takes on files, links, owners, modes and times; taking it back leaves it as it was', async (context) => {
	const { volumes, image, place, paths } = await setUp(context);
	writeFileSync(join(image, '.dot'), 'content', { mode: 0o4751 });
	linkSync(join(image, '.dot'), join(image, 'second'));
	symlinkSync('/etc/passwd', join(image, 'link'));
	chownSync(image, 4711, 4712);
	chmodSync(image, 0o2770);
	for (const _ of [1, 2]) await volumes.mountPoints.make(mountPoint(), {});
	assert.deepEqual(readdirSync(place).sort(), ['.dot', 'link', 'second']);
	const attributes = ({ mode, uid, gid, mtimeMs }: ReturnType<typeof statSync> & object) => [mode, uid, gid, mtimeMs];
	for (const name of ['', '.dot'])
		assert.deepEqual(attributes(statSync(join(place, name))), attributes(statSync(join(image, name))));
	assert.equal(statSync(join(place, '.dot')).ino, statSync(join(place, 'second')).ino);
	await volumes.mountPoints.unmake(mountPoint('/srv', 'aaaaaaaaaaaa'), {});
	assert.equal(readdirSync(place).length, 3, 'only the container takes it back for which it was put in');
	for (const _ of [1, 2]) await volumes.mountPoints.unmake(mountPoint(), {});
	assert.deepEqual(readdirSync(place), []);
	assert.deepEqual([statSync(place).mode & 0o7777, statSync(place).uid], [0o755, 0]);
	assert.deepEqual(readdirSync(join(paths.volumes(), '.filling')), []);
});

test('what a volume has stays, whatever is made or unmade', async (context) => {
	const { volumes, image, place } = await setUp(context);
	writeFileSync(join(image, 'file'), 'of the image');
	writeFileSync(join(place, 'mine'), '');
	await volumes.mountPoints.make(mountPoint(), {});
	await volumes.mountPoints.unmake(mountPoint(), {});
	assert.deepEqual(readdirSync(place), ['mine']);
});

test('a copy that was cut short by the death of the daemon is taken back, or begun again', async (context) => {
	const { volumes, image, place, paths } = await setUp(context);
	writeFileSync(join(image, 'file'), 'content');
	const cutShort = () => {
		mkdirSync(join(paths.volumes(), '.filling'), { recursive: true });
		writeFileSync(paths.filling('data'), `filling ${CONTAINER}`);
		writeFileSync(join(place, 'file'), 'cont');
	};
	cutShort();
	await volumes.mountPoints.unmake(mountPoint(), {});
	assert.deepEqual(readdirSync(place), []);
	cutShort();
	await volumes.mountPoints.make(mountPoint(), {});
	assert.equal(readFileSync(join(place, 'file'), 'utf8'), 'content');
});

test('a copy that fails leaves the volume empty and says why', async (context) => {
	const { volumes, image, place, paths } = await setUp(context);
	const options = ['-t', 'tmpfs', '-o', 'size=64k', 'kleene-test'];
	await run(['mount', ...options, paths.volumes()]);
	mkdirSync(place);
	writeFileSync(join(image, 'large'), Buffer.alloc(1024 * 1024));
	const making = translateErrors(make(mountPoint()), () => volumes.mountPoints.make(mountPoint(), {}));
	await assert.rejects(making, {
		code: 'HOST_FAILED',
		why: /No space left on device/,
	});
	assert.deepEqual([readdirSync(place), existsSync(paths.filling('data'))], [[], false]);
	assert.equal(statSync(place).mode & 0o7777, 0o755);
});

test('in the words of cp', async (context) => {
	const { volumes, place } = await setUp(context);
	assert.deepEqual(volumes.files.describe('make', FILES), [`mkdir -p ${place}`]);
	assert.match(
		volumes.mountPoints.describe('make', mountPoint()).join(),
		/^cp -a .*\/layers\/abcdef012345\/srv\/\. .*\/volumes\/data$/,
	);
});
