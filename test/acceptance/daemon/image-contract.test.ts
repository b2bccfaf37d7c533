/** Images that cannot be created, as the original client is told and as klee tells it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClosed, STARTING } from '#test/testbed/original-client.ts';
import { TestHost } from '#test/testbed/test-host.ts';
import { stream } from '#test/testbed/wire.ts';

let host: TestHost;

before(async () => {
	host = await TestHost.start();
});
after(() => host.close());

const NONE = `file:///${'x'.repeat(200)}.tar`;
const CASES: readonly (readonly [config: object, reason: string, detail: RegExp])[] = [
	[{ method: 'zfs-copy', zfs_dataset: 'zroot/nosuch' }, 'invalid dataset', /keeps images in directories, not in ZFS/],
	[{ method: 'zfs-clone', zfs_dataset: '/zroot' }, 'invalid dataset', /without a "\/" in front/],
	[{ method: 'fetch', url: NONE }, 'could not fetch file from url', /cannot open \S+: /],
	[{ method: 'fetch', url: 'file:///etc/hostname' }, 'could not extract tar archive', /no tar archive/],
];

for (const [config, reason, detail] of CASES)
	test(`${JSON.stringify(config).slice(0, 60)}: ${reason}`, async () => {
		const failed = await stream(host.socket, '/images/create', { config: { ...config, autotag: 'false' } });
		const texts = failed.frames.map(({ text }) => text);
		assert.deepEqual([texts[0], texts.at(-1)], [STARTING, reason]);
		assertClosed(failed, { code: 1011, type: 'error', message: new RegExp(`^image creation failed: ${reason}$`) });
		const { method, url, zfs_dataset } = config as Record<string, string>;
		const { code, stdout, stderr } = await host.klee('image', 'create', method ?? '', url ?? zfs_dataset ?? '');
		assert.equal(code, 1);
		assert.match(stderr, /^error: image creation failed: .+\n hint: .+\n$/);
		assert.match(stderr, detail);
		assert.doesNotMatch(stdout, /msg_type|failed/);
	});
