/** What a build on the simulated host leaves there: layers with the files of their steps, and nothing of the build. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { context, removeContexts } from '#test/acceptance/build/context.ts';
import { FarTestHost } from './far-test-host.ts';

test('each step of a build is a layer with the files of those before it', async (t) => {
	const host = await FarTestHost.start();
	t.after(() => host.close());
	t.after(removeContexts);
	const dockerfile =
		'FROM FreeBSD AS one\nCOPY a /one/\nWORKDIR /two\nFROM FreeBSD\nCOPY --from=one /one /taken\nADD b /\n';
	const { stderr, code } = await host.klee('build', '-t', 'app', context(dockerfile, { a: 'A', b: 'B' }));
	assert.equal(code, 0, stderr);
	const layers = [...stderr.matchAll(/created: @([0-9a-f]{12})/g)].map(([, id]) => {
		const found = [...host.far.world.datasets.values()].find(({ name }) => name.endsWith(`/layer/${id}`));
		return found?.mountpoint ?? '';
	});
	const text = (place: string | undefined, path: string) => readFileSync(join(place ?? '', path), 'utf8');
	const [one, taken, last] = layers;
	assert.equal(text(one, 'one/a'), 'A');
	assert.deepEqual(readdirSync(taken ?? '').includes('b'), false);
	assert.deepEqual([text(taken, 'taken/a'), text(last, 'taken/a'), text(last, 'b')], ['A', 'A', 'B']);
	assert.ok(text(last, 'etc/rc').startsWith('sleep'), 'on top of the base system');
	const root = join(last ?? '', '..', '..');
	assert.deepEqual(readdirSync(join(root, 'build')), []);
	assert.deepEqual(readdirSync(join(root, 'container')), []);
	await host.kleeOutput('rmi', 'app');
	await host.kleeOutput('image', 'prune', '-f');
	assert.equal(readdirSync(join(root, 'layer')).length, 1, 'the base image');
});
