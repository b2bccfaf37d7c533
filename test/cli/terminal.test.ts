import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { afterEach, test } from 'node:test';
import { kleeCommand, startProcess } from './run-klee.ts';
import { StubDaemon, type StubStream } from './stub-daemon.ts';

const EXEC = '2fc5447ef1e8';
const ENDED = `${EXEC} has exited with exit-code`;
const skip = existsSync('/usr/bin/script') ? false : 'needs script(1) of util-linux for a terminal';

let stub: StubDaemon;
afterEach(() => stub.close());

async function inTerminal(stream: (stream: StubStream) => void, aside = '') {
	stub = await StubDaemon.start({ answers: { 'POST /exec/create': [201, { id: EXEC }] }, stream });
	const command = kleeCommand(['--host', stub.host, 'exec', '-it', 'c', 'sh']);
	const remembered = `sh -c 'echo $$ >"$0/pid"; exec "$@"' '${stub.folder}' ${command}`;
	const line = `stty rows 33 cols 111; stty -g; ${aside} ${remembered}; echo "code $?"; stty -g`;
	return startProcess('/usr/bin/script', ['-qec', line, '/dev/null'], { input: true });
}

/** The settings of the terminal before klee and after it. */
function settings(output: string): [string | undefined, string | undefined] {
	const all = output.match(/^[0-9a-f]+(:[0-9a-f]+){10,}/gm) ?? [];
	return [all[0], all[1]];
}

test('-it: keys reach the process as bytes, sizes too, and the terminal is as before', { skip }, async () => {
	const keys: number[] = [];
	const process = await inTerminal((stream) => {
		stream.start();
		stream.stdout('$ ');
		stream.onInput((bytes) => {
			keys.push(...bytes);
			if (keys.includes(0x04)) stream.end(1000, `${ENDED} 5`);
		});
	});
	await process.shown('$ ');
	process.child.stdin?.write('\u0003');
	setTimeout(() => process.child.stdin?.write('\u0004'), 100);
	const { stdout } = await process.ended;
	assert.deepEqual(keys, [3, 4]);
	assert.match(stdout, /code 5/);
	const [before, after] = settings(stdout);
	assert.ok(before);
	assert.equal(after, before);
	const { rows, columns } = stub.body(1);
	assert.deepEqual([rows, columns], [33, 111]);
});

test('-it: a window that changes tells the process', { skip }, async () => {
	const sizes = new Set<string>();
	const process = await inTerminal((stream) => {
		stream.start();
		stream.stdout('$ ');
		stream.onControl((control) => {
			const text = JSON.stringify(control);
			// stty sets rows and columns one after the other.
			if (text.includes('"columns":70')) sizes.add(text);
			if (sizes.size === 2) stream.end(1000, `${ENDED} 0`);
		});
		// On a busy machine klee may not be there yet when it changes: it goes on changing.
	}, `(for i in $(seq 40); do sleep 0.5; stty rows $((20 + i % 2)) cols 70; done) <&1 &`);
	const { stdout } = await process.ended;
	assert.match(stdout, /code 0/);
	const expected = [20, 21].map((rows) => JSON.stringify({ type: 'resize', rows, columns: 70 }));
	assert.deepEqual([...sizes].sort(), expected);
});

test('-it: the terminal comes back when klee is told to end', { skip }, async () => {
	const controls: unknown[] = [];
	const process = await inTerminal((stream) => {
		stream.start();
		stream.stdout('$ ');
		stream.onControl((control) => {
			controls.push(control);
			stream.stdout('told\n');
		});
	});
	await process.shown('$ ');
	const pid = Number(readFileSync(join(stub.folder, 'pid'), 'utf8'));
	kill(pid, 'SIGTERM');
	await process.shown('told');
	kill(pid, 'SIGTERM');
	const { stdout } = await process.ended;
	assert.match(stdout, /code 143/);
	assert.deepEqual(controls, [{ type: 'signal', signal: 'SIGTERM' }]);
	const [before, after] = settings(stdout);
	assert.equal(after, before);
});

test('-it: the terminal comes back when the connection breaks off', { skip }, async () => {
	const process = await inTerminal((stream) => {
		stream.start();
		stream.stdout('$ ');
		setTimeout(() => stream.socket.terminate(), 100);
	});
	const { stdout } = await process.ended;
	assert.match(stdout, /code 1/);
	assert.match(stdout, /broke off/);
	const [before, after] = settings(stdout);
	assert.equal(after, before);
});
