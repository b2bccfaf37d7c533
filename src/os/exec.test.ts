import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exhaustedResource } from '#errors/exhaustion.ts';
import { CommandError, launch, run } from './exec.ts';

test('output, error output, input, and the C locale', async () => {
	const { stdout, stderr, code } = await run(['sh', '-c', 'cat; echo $LC_ALL $A >&2'], {
		input: 'in',
		env: { A: 'a' },
	});
	assert.deepEqual([stdout, stderr, code], ['in', 'C a\n', 0]);
});

test('an argument is one argument, whatever is in it', async () => {
	const word = '$(touch /tmp/never) ; "x" \'y\'\n*';
	assert.equal((await run(['printf', '%s', word])).stdout, word);
});

test('a failure gives the reason, then the command, then what it said', async () => {
	await assert.rejects(run(['sh', '-c', 'echo why >&2; exit 3']), (error) => {
		assert.ok(error instanceof CommandError);
		assert.deepEqual([error.reason, error.code, error.stderr], ['exit code 3', 3, 'why']);
		assert.match(error.message, /^exit code 3: sh -c .*: why$/s);
		return true;
	});
	await assert.rejects(run(['/no/such/program']), { reason: 'not found', code: -1 });
	assert.equal((await run(['sh', '-c', 'exit 3'], { codes: [0, 3] })).code, 3);
});

test('a command killed by a signal has 128 more than its number', async () => {
	assert.equal((await run(['sh', '-c', 'kill -TERM $$'], { codes: [143] })).code, 143);
});

test('a timeout ends the command and its children', async () => {
	const before = Date.now();
	await assert.rejects(run(['sh', '-c', 'sleep 20 & sleep 20'], { timeout: 200 }), {
		reason: 'no answer within 0.2 s',
	});
	assert.ok(Date.now() - before < 5000);
});

test('lines are told as they come, the last one completed', async () => {
	const lines: string[] = [];
	await run(['sh', '-c', 'echo a; echo b >&2; printf c'], { onOutput: (line) => lines.push(line) });
	assert.deepEqual(lines.toSorted(), ['a\n', 'b\n', 'c\n']);
});

test('a launched program has its extra pipes from descriptor 3 on', async () => {
	const { pipes, exited } = await launch(['sh', '-c', 'read word <&3; echo got $word >&4; exit 5'], { pipes: 2 });
	pipes[0]!.write('it\n');
	const chunks: Buffer[] = [];
	for await (const chunk of pipes[1]!) chunks.push(chunk);
	assert.equal(`${Buffer.concat(chunks)}`, 'got it\n');
	assert.equal(await exited, 5);
	await assert.rejects(launch(['/no/such/program'], { pipes: 1 }), { reason: 'not found' });
});

const WITHOUT_DESCRIPTORS = `
	import { openSync } from 'node:fs';
	import { launch, open, run } from './exec.ts';
	import { exhaustedResource } from '#errors/exhaustion.ts';
	const reasons = [];
	for (let spare = 6; spare > 0; spare -= 1) {
		const held = [];
		try { for (;;) held.push(openSync('/dev/null')); } catch {}
		const { closeSync } = await import('node:fs');
		for (const fd of held.splice(0, spare)) closeSync(fd);
		for (const start of [() => run(['true'], { input: '' }), () => launch(['true'], { pipes: 4 }), () => open(['true'])])
			await start().then(() => {}, (error) => reasons.push(exhaustedResource(error)));
		for (const fd of held) closeSync(fd);
	}
	console.log(JSON.stringify([...new Set(reasons)]), reasons.length > 6);
`;

test('without file descriptors a command is refused, and the program goes on', async () => {
	const argv = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--input-type=module-typescript', '-e'];
	const { stdout } = await run([...argv, WITHOUT_DESCRIPTORS], { cwd: import.meta.dirname });
	assert.equal(stdout, '["descriptors"] true\n');
});

test('an exhausted resource is known by the code of an error or of its cause', () => {
	const error = (fields: object) => Object.assign(new Error('no'), fields);
	assert.equal(exhaustedResource(new Error('outer', { cause: error({ code: 'EMFILE' }) })), 'descriptors');
	assert.equal(exhaustedResource(error({ code: 'ENOSPC', syscall: 'watch' })), 'watches');
	assert.equal(exhaustedResource(error({ code: 'EAGAIN', syscall: 'spawn sh' })), 'processes');
	assert.equal(exhaustedResource(error({ code: 'EAGAIN', syscall: 'read' })), undefined);
	assert.equal(exhaustedResource(error({ code: 'ENOSPC', syscall: 'write' })), 'disk');
	assert.equal(exhaustedResource(error({ code: 'EDQUOT', call: 'openat2' })), 'disk');
	assert.equal(exhaustedResource(error({ code: 'ENOSPC', call: 'unshare' })), undefined);
});
