import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_CONFIG } from '#model/image.ts';
import { renderOciConfig } from './oci-config.ts';

const created = '2026-12-01T00:00:00Z';
const entry = (instruction: string, layer: string) => ({ instruction, layer, created });
const historyFor = (history: readonly ReturnType<typeof entry>[], layers: readonly string[]) =>
	renderOciConfig({ config: EMPTY_CONFIG, history, created }, layers, { os: 'linux', architecture: 'amd64' }).history;

test('each layer has one entry, also that of a base image without any', () => {
	const history = [entry('LABEL a=b', ''), entry('COPY a /', 'one'), entry('ADD b /', 'two'), entry('CMD a', '')];
	assert.deepEqual(historyFor(history, ['base', 'one', 'two']), [
		{ created, created_by: 'LABEL a=b', empty_layer: true },
		{ created },
		{ created, created_by: 'COPY a /' },
		{ created, created_by: 'ADD b /' },
		{ created, created_by: 'CMD a', empty_layer: true },
	]);
	assert.deepEqual(historyFor([entry('COPY a /', 'one')], ['one', 'two']), [
		{ created, created_by: 'COPY a /' },
		{ created },
	]);
});

test('a step that left the layer as it was has no layer, and an image without history none', () => {
	assert.deepEqual(historyFor([entry('COPY a /', 'one'), entry('RUN true', 'one')], ['one']), [
		{ created, created_by: 'COPY a /' },
		{ created, created_by: 'RUN true', empty_layer: true },
	]);
	assert.deepEqual(historyFor([], ['base']), []);
});
