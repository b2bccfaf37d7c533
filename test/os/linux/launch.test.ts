import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exhaustedResource } from '#errors/exhaustion.ts';
import { run } from '#os/exec.ts';
import { launch } from '#os/linux/launch.ts';

const sh = (script: string, pipes = 0, env = {}) => launch(['/bin/sh', '-c', script], { pipes, env });

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk);
	return Buffer.concat(chunks).toString();
}

test('a launched program has its pipes from descriptor 3 on, and its environment', async () => {
	const { pipes, exited } = await sh('read word <&3; echo got $word $LC_ALL $A >&4; exit 5', 2, { A: 'a b' });
	pipes[0]!.write('it\n');
	assert.equal(await textOf(pipes[1]!), 'got it C a b\n');
	assert.equal(await exited, 5);
	for (const pipe of pipes) pipe.destroy();
});

test('it has a session of its own, no other descriptors, and no signal is blocked or ignored', async () => {
	const { pid, pipes, exited } = await sh(
		'cat /proc/self/status >&3; ls -l /proc/self/fd | grep -c socket: >&3; echo $$ >&3; cat /proc/$$/stat >&3',
		1,
	);
	const text = await textOf(pipes[0]!);
	assert.match(text, /^SigBlk:\t0+$/m);
	assert.match(text, /^SigIgn:\t0+$/m);
	// Error output and the pipe.
	assert.match(text, /\n2\n\d+\n/);
	assert.match(text, new RegExp(`^${pid} \\(sh\\) . \\d+ ${pid} ${pid} `, 'm'));
	assert.equal(await exited, 0);
	for (const pipe of pipes) pipe.destroy();
});

test('its error output is kept, and a signal that ends it is told', async () => {
	const failed = await sh('echo why >&2; kill -TERM $$');
	assert.equal(await failed.exited, 143);
	assert.equal(failed.stderr(), 'why');
});

test('a program that is not there is refused, and leaves no descriptor and no zombie', async () => {
	const open = () => readFileSync('/proc/self/status', 'utf8').match(/^FDSize:.*$/m)?.[0];
	const before = open();
	for (let count = 0; count < 300; count += 1)
		await assert.rejects(launch(['/no/such/program'], { pipes: 3 }), { reason: 'not found' });
	assert.equal(open(), before);
	const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ');
	for (const pid of children.filter(Boolean)) assert.doesNotMatch(readFileSync(`/proc/${pid}/stat`, 'utf8'), /\) Z /);
});

const WITHOUT_DESCRIPTORS = `
	import { closeSync, openSync } from 'node:fs';
	import { launch } from '#os/linux/launch.ts';
	import { exhaustedResource } from '#errors/exhaustion.ts';
	await launch(['/bin/true'], { pipes: 0 });
	const reasons = [];
	const held = [];
	try { for (;;) held.push(openSync('/dev/null')); } catch {}
	for (let spare = 0; spare < 4; spare += 1) {
		try { await launch(['/bin/true'], { pipes: 1 }); } catch (error) { reasons.push(exhaustedResource(error)); }
		closeSync(held.pop());
	}
	for (const fd of held) closeSync(fd);
	console.log(JSON.stringify(reasons), await (await launch(['/bin/true'], { pipes: 1 })).exited);
`;

test('without file descriptors it is refused, and those that were opened are closed', async () => {
	const argv = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--input-type=module-typescript', '-e'];
	const { stdout } = await run([...argv, WITHOUT_DESCRIPTORS], { cwd: import.meta.dirname });
	assert.equal(stdout, '["descriptors","descriptors","descriptors","descriptors"] 0\n');
	assert.equal(exhaustedResource(undefined), undefined);
});
