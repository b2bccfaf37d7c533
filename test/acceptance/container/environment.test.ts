/** The environment and the directory in which processes of containers start. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('run', '-d', '--name', 'web', 'Debian', 'sleep', '600');
	const account = 'echo ana:x:1001:1001::/home/ana:/bin/dash >>/etc/passwd; mkdir -p /home/ana; chown 1001 /home/ana';
	await host.kleeOutput('exec', 'web', '/bin/sh', '-c', `${account}; chmod 700 /home/ana`);
});
after(() => host.close());

const NAMES = 'HOME USER SHELL LANG PATH TERM'.split(' ');
const SHOW = `pwd; for n in ${NAMES.join(' ')}; do eval "echo \\"$n=\\$$n\\""; done`;
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Lines that a process of the container writes about itself. */
async function shown(...options: readonly string[]): Promise<string[]> {
	const { stdout } = await host.klee('exec', ...options, 'web', '/bin/sh', '-c', SHOW);
	return stdout.replaceAll('\r', '').trimEnd().split('\n');
}

const login = (home: string, user: string, shell: string) => [home, `HOME=${home}`, `USER=${user}`, `SHELL=${shell}`];

test('a process has the environment of a login of its user, and starts at home', async () => {
	const rest = ['LANG=C.UTF-8', PATH, 'TERM='];
	assert.deepEqual(await shown(), [...login('/root', 'root', '/bin/bash'), ...rest]);
	assert.deepEqual(await shown('-u', 'ana'), [...login('/home/ana', 'ana', '/bin/dash'), ...rest]);
	assert.deepEqual(await shown('-u', '4711'), [...login('/', '4711', '/bin/sh'), ...rest]);
	assert.equal((await shown('-t')).at(-1), 'TERM=xterm');
	const given = await shown('-e', 'LANG=de_DE.UTF-8', '-e', 'USER=me');
	assert.deepEqual([given[2], given[4]], ['USER=me', 'LANG=de_DE.UTF-8']);
});

test('where there is no home the root directory takes its place, and none is made', async () => {
	const { stdout, code } = await host.klee('exec', '-u', 'nobody', 'web', '/bin/sh', '-c', 'pwd; ls -d "$HOME"');
	assert.deepEqual([stdout, code], ['/\n', 2]);
});

test('the first process starts at home too, and commands before it with the environment of their user', async () => {
	const hook = 'exec.start=echo "$USER $SHELL $(pwd)"';
	const words = ['run', '-u', 'nobody', '-J', hook, 'Debian', '/bin/sh', '-c', 'echo "$USER $(pwd)"'];
	const { stdout } = await host.klee(...words);
	assert.equal(stdout, 'root /bin/bash /root\nnobody /\n');
});

test('the working directory of an image comes before the home, and is made where it is missing', async () => {
	await host.stopDaemon();
	// Until an image can be built.
	const database = new DatabaseSync(join(host.root, 'metadata.sqlite'));
	database.exec("UPDATE images SET config = json_set(config, '$.workdir', '/srv/app')");
	database.close();
	await host.startDaemon();
	await host.kleeOutput('run', '-d', '--name', 'app', 'Debian', 'sleep', '600');
	const { stdout } = await host.klee('exec', 'app', '/bin/sh', '-c', 'pwd; echo "$HOME"');
	assert.equal(stdout, '/srv/app\n/root\n');
});
