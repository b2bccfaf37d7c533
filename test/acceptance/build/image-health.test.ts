/** HEALTHCHECK of a Dockerfile, in the image and in archives of it. */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { context, removeContexts } from './context.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
after(async () => {
	removeContexts();
	await host.close();
});

const checkOf = async (image: string) => JSON.parse(await host.kleeOutput('image', 'inspect', image)).health_check;
const healthOf = async (name: string) =>
	JSON.parse(await host.kleeOutput('container', 'inspect', name)).container.health as string | null;

test('the check of a Dockerfile is in the image, also after save and load, and containers have it', async () => {
	const options = '--interval=300ms --timeout=5s --start-period=1m --start-interval=2s --retries=2';
	const shell = 'SHELL ["/bin/busybox", "sh", "-c"]\nCMD ["/bin/busybox", "sleep", "600"]';
	const directory = context(`FROM scratch\nCOPY busybox /bin/\n${shell}\nHEALTHCHECK ${options} CMD test -e /bin\n`);
	copyFileSync(provideBusybox(), join(directory, 'busybox'));
	await host.kleeOutput('build', '-t', 'checked', directory);
	const check = {
		...{ test: ['CMD-SHELL', 'test -e /bin'], retries: 2 },
		...{ interval: 300, timeout: 5000, start_period: 60_000, start_interval: 2000 },
	};
	assert.deepEqual(await checkOf('checked'), check);
	const archive = join(host.folder, 'checked.tar');
	for (const format of ['oci', 'docker']) {
		await host.kleeOutput('image', 'save', '--format', format, '-o', archive, 'checked');
		await host.kleeOutput('rmi', 'checked');
		await host.kleeOutput('image', 'load', '-i', archive);
		rmSync(archive);
		assert.deepEqual(await checkOf('checked'), check, format);
	}
	await host.kleeOutput('run', '-d', '--name', 'web', 'checked');
	await host.kleeOutput('run', '-d', '--name', 'unchecked', '--no-healthcheck', 'checked');
	await eventually('it is healthy', async () => (await healthOf('web')) === 'healthy');
	assert.equal(await healthOf('unchecked'), null);
	await host.kleeOutput('container', 'update', 'web', '--no-healthcheck');
	assert.equal(await healthOf('web'), null);
});

test('no check runs while an image is built from one that has it', async () => {
	const check = 'HEALTHCHECK --interval=100ms CMD touch /checked';
	await host.kleeOutput('build', '-t', 'touching', context(`FROM Debian\n${check}\n`));
	await host.kleeOutput('build', '-t', 'above', context('FROM touching\nRUN sleep 1; test ! -e /checked\n'));
});

test('NONE takes the check of the base image away, and words in brackets are run without a shell', async () => {
	await host.kleeOutput('build', '-t', 'words', context('FROM Debian\nHEALTHCHECK CMD ["test", "-e", "a b"]\n'));
	const check = {
		test: ['CMD', 'test', '-e', 'a b'],
		interval: 0,
		timeout: 0,
		start_period: 0,
		start_interval: 0,
		retries: 0,
	};
	assert.deepEqual(await checkOf('words'), check);
	await host.kleeOutput('build', '-t', 'none', context('FROM words\nHEALTHCHECK NONE\n'));
	assert.deepEqual((await checkOf('none')).test, ['NONE']);
	await host.kleeOutput('run', '-d', '--name', 'calm', 'none', 'sleep', '600');
	assert.equal(await healthOf('calm'), null);
});
