import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lookUp } from './users.ts';

const root = mkdtempSync(join(tmpdir(), 'kleene-users-'));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'etc'));
writeFileSync(
	join(root, 'etc/passwd'),
	'root:x:0:0::/root:/bin/sh\nana:x:1001:1002::/home/ana:\n5:x:77:77::/five:\nhuge:x:4294967295:0:::\n',
);
writeFileSync(join(root, 'etc/group'), 'root:x:0:\nana:x:1002:\ncrew:x:1003:bob,ana\nmore:x:1004:ana\n');

test('names and numbers, with and without a group', () => {
	assert.deepEqual(lookUp(root, ''), { uid: 0, gid: 0, groups: [], home: '/root' });
	assert.deepEqual(lookUp(root, 'ana'), { uid: 1001, gid: 1002, groups: [1003, 1004], home: '/home/ana' });
	assert.deepEqual(lookUp(root, '1001'), lookUp(root, 'ana'));
	assert.deepEqual(lookUp(root, 'ana:crew'), { uid: 1001, gid: 1003, groups: [], home: '/home/ana' });
	assert.deepEqual(lookUp(root, '42:43'), { uid: 42, gid: 43, groups: [], home: '/' });
	assert.equal(lookUp(root, '5').uid, 77, 'a name of digits is a name first');
});

test('whoever is not there is refused by name', () => {
	for (const user of ['bob', 'ana:nogroup', '-1', '4294967295', 'huge', '1001x', ':'])
		assert.throws(() => lookUp(root, user), { code: 'COMMAND_FAILED' }, user);
});

test('links do not lead out of the root', () => {
	const inner = mkdtempSync(join(tmpdir(), 'kleene-users-'));
	try {
		symlinkSync('/etc', join(inner, 'etc'));
		assert.throws(() => lookUp(inner, 'daemon'), { code: 'COMMAND_FAILED' });
		rmSync(join(inner, 'etc'));
		mkdirSync(join(inner, 'etc'));
		symlinkSync('../../../../../../etc/passwd', join(inner, 'etc/passwd'));
		assert.throws(() => lookUp(inner, 'daemon'), { code: 'COMMAND_FAILED' });
		assert.equal(lookUp(inner, '12').uid, 12);
	} finally {
		rmSync(inner, { recursive: true });
	}
});
