/** Settings that a container takes from its image. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApi } from './api.ts';

test('inspect and list give the command and user that the image provides', async () => {
	const { call } = await startApi();
	await call('POST', '/containers/create', { name: 'web', image: 'Base' });
	const { container } = (await call('GET', '/containers/web/inspect')).body;
	const [listed] = (await call('GET', '/containers/list?all=true')).body;
	for (const { cmd, user } of [container, listed]) assert.deepEqual([cmd, user], [['/bin/sh', '/etc/rc'], 'root']);
	await call('POST', '/containers/web/update', { cmd: ['true'], user: 'www' });
	const { cmd, user } = (await call('GET', '/containers/web/inspect')).body.container;
	assert.deepEqual([cmd, user], [['true'], 'www']);
});
