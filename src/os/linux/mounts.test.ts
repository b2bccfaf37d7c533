import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMountPoint, listMounts, parseMountInfo } from './mounts.ts';

test('mountinfo: optional fields, escapes, options with values', () => {
	const text = [
		'22 27 0:21 / /proc rw,relatime - proc proc rw',
		'36 35 98:0 /mnt1 /a\\040b\\011\\134ä rw,noatime shared:1 master:2 - overlay over\\040lay rw,lowerdir=/l\\040x,upperdir=/u',
		'',
	].join('\n');
	const [proc, overlay, ...rest] = parseMountInfo(text);
	assert.equal(rest.length, 0);
	assert.deepEqual([proc?.target, proc?.type, proc?.propagation], ['/proc', 'proc', []]);
	assert.equal(overlay?.target, '/a b\t\\ä');
	assert.equal(overlay?.source, 'over lay');
	assert.deepEqual(overlay?.propagation, ['shared:1', 'master:2']);
	assert.deepEqual(
		[...(overlay?.options ?? [])],
		[
			['rw', ''],
			['lowerdir', '/l x'],
			['upperdir', '/u'],
		],
	);
});

test('what is really mounted', () => {
	assert.ok(listMounts().some(({ target, type }) => target === '/proc' && type === 'proc'));
	assert.equal(isMountPoint('/proc'), true);
	assert.equal(isMountPoint('/proc/self'), false);
	assert.equal(isMountPoint('/no/such/place'), false);
});
