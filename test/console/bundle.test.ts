/** The page is small: it is there at once, also over ssh. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { providePage } from '#test/testbed/prepared/page.ts';
import { CHECKOUT } from '#test/testbed/programs/paths.ts';

/** Bytes. */
const MOST = 300_000;

test('the whole page takes less than 300 KB compressed', async () => {
	await providePage();
	const folder = join(CHECKOUT, 'dist/console');
	const names = readdirSync(folder);
	assert.ok(names.includes('main.js') && names.includes('main.css'), names.join());
	const sizes = names.map((name) => gzipSync(readFileSync(join(folder, name))).length);
	const total = sizes.reduce((sum, size) => sum + size, 0);
	assert.ok(total < MOST, `${total} bytes: ${names.map((name, index) => `${name} ${sizes[index]}`).join(', ')}`);
});
