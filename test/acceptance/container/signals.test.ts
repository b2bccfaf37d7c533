/** Signals to klee and kleened: they mean what they mean to any program, not what they mean to the runtime. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { childrenOf } from '#os/linux/process.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { Conversation, run } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { KLEE } from '#test/testbed/programs/paths.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('run', '-d', '--name', 'c1', 'Debian', 'sleep', '3600');
});
after(() => host.close());

/** A process that tells which signals it gets, and ends with the last one. */
const LISTENER = `for s in HUP INT QUIT ALRM USR1 VTALRM; do trap "echo got $s" $s; done
	trap "echo got USR2; exit 3" USR2; echo ready; while :; do sleep 0.1; done`;

test('signals to an attached klee reach the process, as often as they come', async () => {
	const talk = host.converse(['exec', 'c1', '/bin/bash', '-c', LISTENER]);
	await talk.until(/ready\n/);
	for (const signal of ['SIGUSR1', 'SIGALRM', 'SIGUSR1', 'SIGVTALRM', 'SIGINT', 'SIGUSR1'] as const) {
		talk.child.kill(signal);
		await talk.until(new RegExp(`got ${signal.slice(3)}\n`));
	}
	talk.child.kill('SIGUSR2');
	const { stdout, stderr, code } = await talk.ended;
	assert.equal(code, 3, stderr);
	assert.match(stdout, /got USR2\n$/);
	assert.doesNotMatch(stderr, /Debugger|Warning/);
});

test('a signal that the parent of klee ignores stays ignored', async () => {
	for (const [signal, command] of [
		['SIGHUP', 'nohup "$@"; exit $?'],
		['SIGINT', '"$@" & wait $!'],
	] as const) {
		const talk = host.converse(['exec', 'c1', '/bin/bash', '-c', LISTENER], undefined, undefined, command);
		await talk.until(/ready\n/);
		const klee = childrenOf(talk.child.pid ?? 0)[0] ?? 0;
		process.kill(klee, signal);
		process.kill(klee, 'SIGUSR1');
		await talk.until(/got USR1\n/);
		process.kill(klee, 'SIGUSR2');
		const { stdout, code } = await talk.ended;
		assert.deepEqual([code, stdout], [3, 'ready\ngot USR1\ngot USR2\n']);
	}
});

test('SIGUSR1 and SIGUSR2 leave kleened as it is: no debugger, and it goes on', async () => {
	const pid = host.daemonPid ?? 0;
	for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
		process.kill(pid, signal);
		await eventually('it is in the log', () => host.log.includes(`"signal":"${signal}"`));
	}
	assert.match(await host.kleeOutput('lsc'), /c1/);
	assert.doesNotMatch(host.log, /Debugger/);
	const { stdout } = await run(['nsenter', '-t', String(pid), '-n', 'ss', '-Hltnp']);
	assert.ok(!stdout.includes(`pid=${pid},`), stdout);
});

test('what kleened starts ignores and blocks no signal', async () => {
	const status = await host.kleeOutput('exec', 'c1', 'cat', '/proc/self/status');
	assert.match(status, /SigBlk:\t0+\nSigIgn:\t0+\n/);
});

test('a signal at the question for a password gives the terminal back', async () => {
	const command = `${KLEE} login -u me registry.invalid; echo "code $?"; stty -a`;
	const talk = new Conversation(['script', '--quiet', '--command', command, '/dev/null'], host.environment);
	await talk.until(/[Pp]assword/);
	const script = talk.child.pid ?? 0;
	const [shell = 0] = childrenOf(script);
	const [klee = 0] = childrenOf(shell);
	const settings = async () => (await run(['stty', '-a', '-F', `/proc/${klee}/fd/0`])).stdout;
	await eventually('nothing is shown', async () => / -echo /.test(await settings()));
	process.kill(klee, 'SIGHUP');
	const { stdout } = await talk.ended;
	assert.match(stdout, /code 129\r?\n.* icanon.* echo /s);
});
