/** A host without file watches (inotify): the daemon says so, and looks at files from time to time instead. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { KLEENED, type TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

/** Using up those of the machine would take them from everybody: the call fails as it does then. */
const PRELOAD = `import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
fs.watch = (path) => {
	throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached, watch ' + path), {
		...{ errno: -28, code: 'ENOSPC', syscall: 'watch', path },
	});
};
syncBuiltinESMExports();
`;

before(async () => {
	const module = `data:text/javascript;base64,${Buffer.from(PRELOAD).toString('base64')}`;
	host = await startHostWithImage(undefined, { program: ['env', `NODE_OPTIONS=--import=${module}`, KLEENED] });
});
after(() => host.close());

test('it starts, and says what is lacking', () => {
	assert.match(host.log, /cannot watch for ends of containers/);
	assert.match(host.log, /"hint":"raise \\"sysctl fs\.inotify/);
});

test('commands run and end, attached and not, and output is followed', async () => {
	assert.equal(await host.kleeOutput('run', '--rm', 'Debian', 'echo', 'hello'), 'hello');
	const { code } = await host.klee('run', '--rm', 'Debian', 'sh', '-c', 'exit 7');
	assert.equal(code, 7);
	await host.kleeOutput('run', '-d', '--name', 'ends', 'Debian', 'sh', '-c', 'sleep 1; echo late; sleep 1; exit 3');
	assert.equal(await host.kleeOutput('exec', 'ends', 'echo', 'inside'), 'inside');
	assert.match(await host.kleeOutput('logs', '-f', 'ends'), /late/);
	await eventually('its end is noticed', async () => (await host.kleeOutput('wait', 'ends')) === '3');
});
