/** What a user has in front of them while a container runs, on whichever host is under test. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(() => host.removeContainers());
after(() => host.close());

const shell = (script: string) => [host.image, '/bin/sh', '-c', script];
const running = async () => (await host.kleeJson<{ name: string }[]>('lsc')).map(({ name }) => name);

test('klee run and klee exec exit with the exit code of the command', async () => {
	for (const code of [0, 1, 7, 255]) {
		const { stdout, stderr, code: got } = await host.klee('run', ...shell(`exit ${code}`));
		assert.deepEqual([got, stdout], [code, '']);
		assert.match(stderr, new RegExp(`and its container exited with exit-code ${code}\\n$`));
	}
	assert.equal((await host.klee('run', ...shell('kill -9 $$'))).code, 137);
	await host.kleeOutput('run', '-d', '--name', 'codes', host.image, 'sleep', '600');
	const { stdout, stderr, code } = await host.klee('exec', 'codes', '/bin/sh', '-c', 'exit 3');
	assert.deepEqual([code, stdout], [3, '']);
	assert.match(stderr, /\n\n[0-9a-f]{12} has exited with exit-code 3\n$/);
});

test('how a container ended is kept until it is started again', async () => {
	const endOf = async (name: string) => {
		const { container } = JSON.parse(await host.kleeOutput('container', 'inspect', name));
		return container.end && [container.end.exit_code, container.end.reason];
	};
	const since = Math.floor(Date.now() / 1000) * 1000;
	await host.klee('run', '--name', 'own', ...shell('exit 7'));
	assert.deepEqual(await endOf('own'), [7, 'exited']);
	const { container } = JSON.parse(await host.kleeOutput('container', 'inspect', 'own'));
	assert.ok(Date.parse(container.end.at) >= since - 1000 && Date.parse(container.end.at) <= Date.now() + 1000);
	assert.match(await host.kleeOutput('lsc', '-a'), /exited \(7\) .* ago/);
	await host.kleeOutput(
		'run',
		'-d',
		'--name',
		'asked',
		...shell("trap 'exit 4' TERM; touch /tmp/up; while :; do sleep 0.1; done"),
	);
	assert.equal(await endOf('asked'), null);
	await eventually(
		'the trap is set',
		async () => (await host.klee('exec', 'asked', 'test', '-e', '/tmp/up')).code === 0,
	);
	await host.kleeOutput('stop', 'asked');
	assert.deepEqual(await endOf('asked'), [4, 'stopped']);
	await host.kleeOutput('start', '-d', 'asked');
	assert.equal(await endOf('asked'), null);
	await host.kleeOutput('stop', '-t', '0', 'asked');
	assert.deepEqual(await endOf('asked'), [137, 'killed']);
});

test('a command that is not there ends with 127', async () => {
	const { code } = await host.klee('run', host.image, 'nosuchcommand');
	assert.equal(code, 127);
});

test('stdout and stderr stay apart, and what klee says is on stderr', async () => {
	const { stdout, stderr } = await host.klee('run', ...shell('echo out; echo err >&2; printf "\\303\\251\\n"'));
	assert.equal(stdout, 'out\né\n');
	assert.match(stderr, /^[0-9a-f]{12}\ncreated execution instance [0-9a-f]{12}\nerr\n\nexecutable .*\n$/);
});

test('a megabyte arrives whole and in order', async () => {
	const { stdout, code } = await host.klee(
		'run',
		...shell(
			'i=0; while [ $i -lt 20000 ]; do echo "line $i of the test, and some more of it to make it long"; i=$((i+1)); done',
		),
	);
	assert.equal(code, 0);
	const lines = stdout.trimEnd().split('\n');
	assert.equal(lines.length, 20_000);
	assert.ok(lines.every((line, index) => line.startsWith(`line ${index} `)));
});

test('-i passes input on until its end, and without it the command reads nothing', async () => {
	const input = `${'x'.repeat(200_000)}\nlast\n`;
	const counted = await host.kleeWith({ input }, 'run', '-i', ...shell('wc -c; echo done'));
	assert.match(counted.stdout, /^ *200006\ndone\n$/);
	const empty = await host.kleeWith({ input: 'secret\n' }, 'run', ...shell('cat; echo done'));
	assert.equal(empty.stdout, 'done\n');
});

test('nothing that is typed is read by a shell on the way', async () => {
	const words = ["it's", '"$HOME"', '`id`', '$(id)', 'a;b', '*', '\\', ' ', '', '!x', 'é', '#', '%s', '-n', "'\\''"];
	const { stdout, code } = await host.klee(
		'run',
		'-e',
		"VAR=$(id) 'x' !",
		host.image,
		'/bin/sh',
		'-c',
		'for word; do printf "[%s]\\n" "$word"; done; printf "{%s}\\n" "$VAR"',
		'sh',
		...words,
	);
	assert.equal(code, 0, stdout);
	for (const word of words) assert.ok(stdout.includes(`[${word}]\n`), word);
	assert.ok(stdout.includes("{$(id) 'x' !}\n"), stdout);
});

test('-it is a terminal of the size of the client', async () => {
	const talk = host.converse(['run', '-it', '--name', 'shell', host.image, '/bin/sh'], { rows: 33, columns: 101 });
	await talk.until(/[#$] $/);
	// What it prints tells that it has the terminal, so that it is what the interrupt ends.
	talk.type("sh -c 'stty size; exec sleep 100'\r");
	await talk.until(/33 101\r*\n/);
	talk.type('\x03');
	await talk.until(/[#$] $/);
	talk.type('exit 5\r');
	await talk.until(/exited with exit-code 5/);
	assert.equal((await talk.ended).code, 5);
});

test('a container lives while any of its processes lives', async () => {
	const { stderr } = await host.klee('run', '--name', 'thin', ...shell('sleep 600 >/dev/null 2>&1 & exit 4'));
	assert.match(stderr, /\n[0-9a-f]{12} has exited with exit-code 4\n$/);
	assert.deepEqual(await running(), ['thin']);
	await host.kleeOutput('stop', 'thin');
	assert.deepEqual(await running(), []);
	await host.kleeOutput('run', '--name', 'brief', ...shell('sleep 1 >/dev/null 2>&1 & exit 0'));
	await eventually('it is gone', async () => (await running()).length === 0, { every: 200 });
});

test('environment, user and files', async () => {
	const { stdout, stderr } = await host.klee(
		'run',
		'-e',
		'COLOUR=blue',
		'--name',
		'env',
		...shell('id -un; echo $COLOUR; hostname'),
	);
	const [id = ''] = stderr.split('\n');
	assert.equal(stdout, `root\nblue\n${id}\n`);
	await host.kleeOutput('run', '--name', 'writer', ...shell('cat $HOME/file 2>/dev/null || echo kept >$HOME/file'));
	assert.equal(await host.kleeOutput('start', 'writer'), 'kept');
	assert.notEqual((await host.klee('run', ...shell('cat $HOME/file'))).code, 0, 'files are not shared');
});

test('stop ends a process that ignores SIGTERM', async () => {
	await host.kleeOutput('run', '-d', '--name', 'deaf', ...shell("trap '' TERM; sleep 600; sleep 600"));
	await host.kleeOutput('rmc', '-f', 'deaf');
	assert.deepEqual(await host.lastingLeftovers(), []);
});
