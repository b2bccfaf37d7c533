/** `klee build --network`: RUN is connected to all networks that are named. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { context, removeContexts } from './context.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	for (const [name, third] of [
		['front', 6],
		['back', 7],
	] as const) {
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', `10.4.${third}.0/24`, name);
		await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', name, '--name', `of-${name}`, 'Debian', 'sleep', '600');
	}
});
afterEach(removeContexts);
after(() => host.close());

/** Connects to a closed port: a refusal comes from the other end itself, by name and over its network. */
const ASK =
	'for one in of-front of-back; do (: </dev/tcp/$one/9) 2>&1 | grep -q "Connection refused" && echo "reached $one"; done';

test('RUN reaches members of several networks, each with the address that was asked for', async () => {
	const directory = context(`FROM Debian\nSHELL ["/bin/bash", "-c"]\nRUN ${ASK}; ip -o address || true\n`);
	const where = ['-l', 'vnet', '-n', 'front', '-n', 'back,ip=10.4.7.77', '--ip', '10.4.6.66'];
	const { code, stderr } = await host.klee('build', '--progress', 'plain', ...where, directory);
	assert.equal(code, 0, stderr);
	assert.deepEqual(stderr.match(/^reached .*/gm), ['reached of-front', 'reached of-back'], stderr);
	for (const address of ['10.4.6.66', '10.4.7.77']) assert.match(stderr, new RegExp(address.replaceAll('.', '\\.')));
});

test('a network that does not exist, or two values for one address, are refused', async () => {
	const directory = context('FROM Debian\nRUN true\n');
	const unknown = await host.klee('build', '-n', 'front', '-n', 'nosuch', directory);
	assert.notEqual(unknown.code, 0);
	assert.match(unknown.stderr, /nosuch|network not found/);
	const twice = await host.klee('build', '-n', 'front,ip=10.4.6.9', '--ip', '10.4.6.10', directory);
	assert.match(twice.stderr, /two values for ip/);
	assert.deepEqual((await host.kleeJson<{ name: string }[]>('lsc', '-a')).map(({ name }) => name).toSorted(), [
		'of-back',
		'of-front',
	]);
});
