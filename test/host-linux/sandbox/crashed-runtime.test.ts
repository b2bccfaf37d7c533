import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newId } from '#model/ids.ts';
import { deleteContainer } from '#os/linux/oci/runtime.ts';
import { scratch } from '../storage/scratch.ts';

test('cgroups of a runtime that crashed before it noted them are removed with the container', async (context) => {
	const id = newId();
	const base = '/sys/fs/cgroup';
	const hierarchies = [base, ...readdirSync(base).map((name) => join(base, name))];
	const made = hierarchies
		.filter((path) => existsSync(join(path, 'cgroup.procs')))
		.map((path) => join(path, `kleene-${id}`));
	assert.notEqual(made.length, 0);
	for (const path of made) mkdirSync(path);
	const tools = { conmon: '/usr/bin/conmon', runtime: '/usr/bin/runc', state: scratch(context) };
	await deleteContainer(tools, id, `/kleene-${id}`);
	assert.deepEqual(
		made.filter((path) => existsSync(path)),
		[],
	);
});
