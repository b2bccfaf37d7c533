/** The progress of images on their way: on a terminal a line for each layer, in a pipe a line for each of its states. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { context, removeContexts } from '#test/acceptance/build/context.ts';
import { Registry } from '#test/testbed/registry.ts';
import { screenOf } from '#test/testbed/screen.ts';
import { TestHost } from '#test/testbed/test-host.ts';

const SIZE = { rows: 20, columns: 50 };
const INSECURE = '--tls-verify=false';

let host: TestHost;
let name: string;

before(async () => {
	host = await TestHost.start();
	const registry = await Registry.start(host.namespace);
	host.takeAlong(registry);
	name = `${registry.address}/three`;
	const directory = context('FROM scratch\nCOPY one /\nCOPY two /\n');
	for (const file of ['one', 'two']) writeFileSync(join(directory, file), randomBytes(2_000_000));
	await host.kleeOutput('build', '-t', name, directory);
});
after(async () => {
	removeContexts();
	await host.close();
});

const remove = () => host.kleeOutput('image', 'prune', '-a', '-f');

async function onTerminal(...words: readonly string[]): Promise<string[]> {
	const conversation = host.converse(words, SIZE);
	const { code, stdout } = await conversation.ended;
	assert.equal(code, 0, stdout);
	const lines = screenOf(stdout, SIZE.columns).filter((line) => line !== '');
	for (const line of lines.filter((one) => one.includes(': '))) assert.ok([...line].length < SIZE.columns, line);
	return lines;
}

test('klee push and pull draw a line for each layer on a terminal', async () => {
	const pushed = await onTerminal('push', INSECURE, name);
	assert.equal(pushed.length, 5, pushed.join('\n'));
	for (const line of pushed.slice(0, 3)) assert.match(line, /^[0-9a-f]{12}: sent$/);
	assert.match(pushed.slice(3).join(''), /^sha256:[0-9a-f]{64}$/);
	await remove();
	const pulled = await onTerminal('pull', INSECURE, name);
	for (const line of pulled.slice(0, 3)) assert.match(line, /^[0-9a-f]{12}: done, \d+ files$/);
	assert.match(pulled[3] ?? '', /^[0-9a-f]{12}$/);
	const again = await onTerminal('pull', INSECURE, name);
	assert.match(again.join('\n'), /It is here already/);
});

test('in a pipe each layer is told of once for each of its states', async () => {
	const push = await host.klee('push', INSECURE, name);
	const states = (text: string) =>
		text
			.trim()
			.split('\n')
			.map((line) => line.replace(/^[0-9a-f]{12}: (\w+).*/, '$1'));
	const count = (text: string) =>
		Object.fromEntries(
			Object.entries(Object.groupBy(states(text), (state) => state)).map(([state, all]) => [state, all?.length]),
		);
	assert.deepEqual(count(push.stderr), { packing: 3, packed: 3, sending: 3, sent: 3 });
	await remove();
	const pull = await host.klee('pull', INSECURE, name);
	assert.deepEqual(count(pull.stderr), { fetching: 3, fetched: 3, unpacking: 3, done: 3 });
	assert.ok(!pull.stderr.includes('\u001b'));
});

test('klee save and load tell how many bytes there are on a terminal, and nothing in a pipe', async () => {
	const file = join(host.folder, 'saved.tar');
	const saving = host.converse(['save', '-o', file, name], SIZE);
	assert.equal((await saving.ended).code, 0, saving.output);
	assert.match(saving.output, /Packing the layers, 0:00/);
	await remove();
	const loading = host.converse(['load', '-i', file], SIZE);
	assert.equal((await loading.ended).code, 0, loading.output);
	assert.match(loading.output, /Loading an archive of 4\.\d\d MB, 0:0\d/);
	assert.match(screenOf(loading.output, SIZE.columns).join(''), /^[0-9a-f]{12}$/);
	const quiet = await host.klee('load', '-i', file);
	assert.deepEqual([quiet.code, quiet.stderr], [0, '']);
});
