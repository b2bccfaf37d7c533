/** Coming back to the first process of a container, and leaving it again. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
afterEach(() => host.removeContainers());
after(() => host.close());

const start = (name: string, script: string) =>
	host.kleeOutput('run', '-d', '--name', name, 'Debian', '/bin/sh', '-c', script);

const UNTIL_END = 'while [ ! -e /end ]; do [ ! -e /tick ] || echo tick; sleep 0.05; done';

test('klee attach shows output from now on and exits as the process does, after a restart of the daemon too', async () => {
	await start('later', `echo before; ${UNTIL_END}; echo out; echo err >&2; exit 7`);
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	const one = host.converse(['attach', 'later']);
	const other = host.converse(['attach', 'later']);
	await eventually('both are attached', async () => {
		await host.kleeOutput('exec', 'later', 'touch', '/tick');
		return [one, other].every(({ output }) => output.includes('tick'));
	});
	await host.kleeOutput('exec', 'later', 'touch', '/end');
	for (const { ended } of [one, other]) {
		const { stdout, stderr, code } = await ended;
		assert.match(stdout, /^(tick\n)+out\n$/);
		assert.match(stderr, /^err\n/);
		assert.equal(code, 7);
	}
	const { code, stderr } = await host.klee('attach', 'later');
	assert.equal(code, 1);
	assert.match(stderr, /klee logs later/);
});

test('a terminal: left by its keys, taken up after a restart of the daemon, with its size', async () => {
	const first = host.converse(['run', '-it', '--name', 'shell', 'Debian', '/bin/sh'], { rows: 20, columns: 70 });
	await first.until(/[#$] $/);
	first.type('NAME=kept\r');
	await first.until(/[#$] $/);
	await host.stopDaemon('SIGKILL');
	await first.ended;
	await host.startDaemon();
	for (const columns of [91, 92]) {
		const again = host.converse(['attach', 'shell'], { rows: 30, columns });
		again.type('\r');
		await again.until(/[#$] $/);
		again.type('echo "$NAME $(stty size)"\r');
		await again.until(new RegExp(`kept 30 ${columns}`));
		again.type('\x10\x11');
		assert.equal((await again.ended).code, 0);
		assert.match(again.output, /detached from shell/);
	}
	const last = host.converse(['attach', 'shell'], { rows: 30, columns: 90 });
	last.type('exit 5\r');
	assert.equal((await last.ended).code, 5);
});

test('the input of a process that reads goes on when one of those who send it leaves', async () => {
	const first = host.converse([
		'run',
		'-i',
		'--name',
		'reader',
		'Debian',
		'/bin/sh',
		'-c',
		'while read l; do echo "<$l>"; done',
	]);
	first.type('one\n');
	await first.until(/<one>/);
	const second = host.converse(['attach', '--no-sig-proxy', 'reader']);
	await eventually('it is attached', async () => {
		first.type('tick\n');
		return second.output.includes('<tick>');
	});
	second.type('two\n');
	await first.until(/<two>/);
	second.child.kill('SIGTERM');
	assert.equal((await second.ended).code, 143);
	first.type('three\n');
	await first.until(/<three>/);
	const third = host.converse(['attach', '--no-stdin', 'reader']);
	await eventually('it is attached', async () => {
		first.type('tock\n');
		return third.output.includes('<tock>');
	});
	await host.kleeOutput('kill', 'reader');
	assert.equal((await third.ended).code, 137);
	assert.equal((await first.ended).code, 137);
});

test('a container whose first process has ended refuses', async () => {
	await start('thin', 'sleep 600 & exit 0');
	await eventually(
		'its first process has ended',
		async () => (await host.klee('kill', '-s', 'CONT', 'thin')).code === 1,
	);
	const { code, stderr } = await host.klee('attach', 'thin');
	assert.equal(code, 1);
	assert.match(stderr, /its first process has ended/);
});
