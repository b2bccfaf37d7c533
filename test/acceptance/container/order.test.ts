/** What does not depend on the order in which somebody types it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());

/** All orders of them. */
function orders<T>(all: readonly T[]): T[][] {
	if (all.length < 2) return [[...all]];
	return all.flatMap((one, at) => orders(all.toSpliced(at, 1)).map((rest) => [one, ...rest]));
}

test('mounts inside mounts are there in any order, those in memory too', async () => {
	const folder = (name: string) => {
		const path = join(host.folder, name);
		mkdirSync(path);
		writeFileSync(join(path, 'name'), name);
		return path;
	};
	const mounts = [
		['-m', `${folder('outer')}:/data`],
		['-m', `${folder('inner')}:/data/inner`],
		['-m', `${folder('deep')}:/data/memory/deep`],
	];
	for (const order of orders(mounts)) {
		const words = [...order.flat(), '--tmpfs', '/data/memory'];
		const script = 'cat /data/name /data/inner/name /data/memory/deep/name; echo; stat -fc %T /data/memory';
		const { stdout, stderr } = await host.klee('run', '--rm', ...words, 'Debian', 'sh', '-c', script);
		assert.equal(stdout, 'outerinnerdeep\ntmpfs\n', `${order.flat()}: ${stderr}`);
	}
});

test('a port that is chosen keeps out of the way of ports that are named behind it', async () => {
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	for (const order of orders([
		['-p', '32768:80'],
		['-p', '81'],
		['-p', '32769:82'],
	])) {
		const place = ['-l', 'vnet', '-n', 'net', '--name', 'ports'];
		await host.kleeOutput('create', ...place, ...order.flat(), 'Debian', 'true');
		await host.kleeOutput('rmc', 'ports');
	}
});

test('variables of a file and of options do not depend on what stands between them', async () => {
	writeFileSync(join(host.folder, 'vars'), 'A=file\nB=file\nNOWHERE\n');
	for (const order of orders([
		['-e', 'A=option'],
		['--env-file', join(host.folder, 'vars')],
		['-e', 'UNSET'],
	])) {
		const { stdout } = await host.klee(
			'run',
			'--rm',
			...order.flat(),
			'Debian',
			'sh',
			'-c',
			'echo $A $B; env | grep ^UNSET=',
		);
		assert.equal(stdout, 'option file\n', order.flat().join(' '));
	}
});
