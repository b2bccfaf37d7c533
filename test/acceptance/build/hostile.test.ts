// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a Dockerfile look like those of a template.
/** Nothing in a Dockerfile or a context reaches the host. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { context, removeContexts } from './context.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
afterEach(async () => {
	removeContexts();
	await host.removeContainers();
});
after(() => host.close());

async function refused(directory: string, pattern: RegExp): Promise<void> {
	const outcome = await host.klee('build', '--rm', '-t', 'app', directory);
	assert.notEqual(outcome.code, 0, outcome.stderr);
	assert.match(outcome.stderr, pattern);
	assert.doesNotMatch(outcome.stderr, / {4}at /);
	await assertNothingLeft();
}

async function assertNothingLeft(): Promise<void> {
	assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
	assert.deepEqual(readdirSync(join(host.root, 'contexts')), []);
	assert.deepEqual(await host.lastingLeftovers(), []);
}

test('variables are never given to a shell of the host', async () => {
	const mark = join(host.root, 'executed');
	const dockerfile = `FROM Debian\nARG A='$(touch ${mark})'\nENV B='\`touch ${mark}\`' C="$A"\nRUN echo "$B" "$C"\n`;
	const outcome = await host.klee('build', '-t', 'app', '--build-arg', `A=$(touch ${mark})`, context(dockerfile));
	assert.equal(outcome.code, 0, outcome.stderr);
	assert.equal(existsSync(mark), false);
});

test('sources outside of the context are not found', async () => {
	const directory = context('FROM Debian\nCOPY link /stolen\n');
	symlinkSync('/etc/hostname', join(directory, 'link'));
	await refused(directory, /it is a link to \/etc\/hostname, which is not in the context/);
	await refused(context('FROM Debian\nCOPY ../../../etc/hostname /stolen\n'), /there is no such file/);
	const inside = context('FROM Debian\nCOPY dir /copied\nRUN ! cat /copied/up\n', { 'dir/file': '' });
	symlinkSync('../../../../../../etc/hostname', join(inside, 'dir/up'));
	symlinkSync('/', join(inside, 'dir/root'));
	const outcome = await host.klee('build', '-t', 'app', inside);
	assert.equal(outcome.code, 0, outcome.stderr);
});

test('destinations stay in the image, also through links of the image', async () => {
	const mark = join(host.root, 'outside');
	mkdirSync(mark);
	const dockerfile = `FROM Debian\nRUN ln -s ${mark} /escape && ln -s ../../../../../..${mark} /up\n`;
	for (const copy of [`COPY file /escape/file`, `COPY file /up/file`, `COPY file ../../../../..${mark}/file`]) {
		await host.klee('build', '--rm', '-t', 'app', context(`${dockerfile}${copy}\n`, { file: 'x' }));
		assert.deepEqual(readdirSync(mark), [], copy);
	}
	rmSync(mark, { recursive: true });
	await assertNothingLeft();
});

test('archives of ADD cannot leave the image, and devices are not copied', async () => {
	const directory = context('FROM Debian\nADD evil.tar /unpacked/\n');
	execFileSync('tar', [
		'-C',
		directory,
		'-P',
		'--transform',
		's,^Dockerfile,../../evil,',
		'-cf',
		join(directory, 'evil.tar'),
		'Dockerfile',
	]);
	await refused(directory, /evil/);
	const device = context('FROM Debian\nCOPY . /all\nRUN test ! -e /all/zero\n');
	execFileSync('mknod', [join(device, 'zero'), 'c', '1', '5']);
	assert.equal((await host.klee('build', '-t', 'app', device)).code, 0);
});

test('mistakes are told with their line, and nothing is begun', async () => {
	await refused(context('FROM Debian\nWHAT is this\n'), /line 2: unknown instruction WHAT/);
	await refused(context('FROM nothing-like-this\nRUN true\n'), /there is no such image\n hint: pull it/);
	await refused(context('FROM Debian AS x\nCOPY --from=later / /x\nFROM Debian AS later\nFROM x\n'), /later/);
	const bare = context('FROM Debian\n');
	rmSync(join(bare, 'Dockerfile'));
	await refused(bare, /there is no file Dockerfile/);
	const missing = context('FROM Debian\nENV A=${B:?must be given}\n');
	await refused(missing, /must be given/);
});

test('Ctrl-C leaves nothing, and the daemon goes on', async () => {
	const directory = context('FROM Debian\nRUN echo begun; sleep 60\n');
	const building = host.converse(['build', '-t', 'app', directory]);
	await building.until(/\nbegun/);
	building.child.kill('SIGINT');
	assert.notEqual((await building.ended).code, 0);
	await eventually('nothing is left', async () => (await host.kleeJson<unknown[]>('lsc', '-a')).length === 0);
	await assertNothingLeft();
});

test('a daemon that is killed in a build removes its container at the next start', async () => {
	const directory = context('FROM Debian\nRUN echo begun; sleep 60\n', { file: 'x' });
	writeFileSync(join(directory, 'more'), 'y');
	const building = host.klee('build', '-t', 'app', directory);
	await eventually('it builds', async () => (await host.kleeJson<unknown[]>('lsc')).length === 1);
	await host.stopDaemon('SIGKILL');
	assert.notEqual((await building).code, 0);
	await host.startDaemon();
	await assertNothingLeft();
});
