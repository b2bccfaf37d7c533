import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Paths } from '#host/linux/paths.ts';
import { LinuxLayers } from '#host/linux/storage/layers.ts';
import { scratch } from './scratch.ts';

const PART = {
	kind: 'layer',
	layer: 'abcdef012345',
	below: [],
	source: { kind: 'distribution' },
	dns: false,
	localtime: false,
} as const;

test('without mmdebstrap the refusal says what to do', async (context) => {
	const [directory, path] = [scratch(context), process.env.PATH];
	const tools = join(directory, 'bin');
	mkdirSync(tools);
	for (const name of ['setpriv', 'unshare', 'apt-config']) symlinkSync(join('/usr/bin', name), join(tools, name));
	const paths = new Paths(join(directory, 'kleene'));
	process.env.PATH = tools;
	try {
		await assert.rejects(new LinuxLayers(paths).make(PART, {}), {
			code: 'UNSUPPORTED_HERE',
			why: 'mmdebstrap is not installed',
			hint: /apt-get install mmdebstrap/,
		});
	} finally {
		process.env.PATH = path;
	}
	assert.deepEqual(readdirSync(paths.layers()), []);
});
