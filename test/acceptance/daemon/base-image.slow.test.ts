/** The base image as it is made of packages that come over the network: a quarter of a minute at least. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestHost } from '#test/testbed/test-host.ts';

const ID = '[0-9a-f]{12}';
let host: TestHost;

before(async () => {
	host = await TestHost.start({ online: true });
});
after(() => host.close());

test('fetch-auto makes the base image from the packages of the own release', { timeout: 180_000 }, async () => {
	const { stdout, code } = await host.kleeWith({ timeout: 170_000 }, 'image', 'create', '-t', 'Debian', 'fetch-auto');
	assert.equal(code, 0, stdout);
	assert.match(stdout, new RegExp(`image created\\n${ID}\\n$`));
	const image = await host.kleeJson<Record<string, unknown>>('image', 'inspect', 'Debian');
	assert.equal(`${image.name}:${image.tag}`, 'Debian:latest');
	assert.deepEqual(image.cmd, ['/bin/sh', '/etc/rc']);
	assert.equal(image.user, 'root');
});
