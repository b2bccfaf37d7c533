import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDataset } from './dataset.ts';

test('names of ZFS file systems, and nothing that zfs(8) or a shell would take for something else', () => {
	for (const name of ['zroot', 'zroot/jails/base', 'tank/a.b_c-d:e', `z/${'x'.repeat(253)}`])
		assert.equal(parseDataset(name), name);
	const refused = ['', '/zroot', 'zroot/', 'z//a', 'zroot@snap', 'zroot/a#mark', 'z/../a', 'z/.', '1z', '-r', '.z'];
	for (const name of [...refused, 'z a', 'z;rm', 'z/$x', 'z\n', 'z%a', `z/${'x'.repeat(254)}`])
		assert.throws(() => parseDataset(name), { code: 'INVALID_ARGUMENT', message: 'invalid dataset' }, name);
});
