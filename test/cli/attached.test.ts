import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { klee, kleeCommand, startKlee, startProcess } from './run-klee.ts';
import { type Answer, StubDaemon, type StubOptions, type StubStream } from './stub-daemon.ts';

const EXEC = '2fc5447ef1e8';
const CONTAINER = '173a1a8d848d';
const ENDED = `executable ${EXEC} and its container exited with exit-code`;
const ANSWERS: Record<string, Answer> = {
	'POST /exec/create': [201, { id: EXEC }],
	'POST /containers/run': [201, { id: CONTAINER, exec_id: EXEC }],
};

/** How many bytes wait at the daemon once no more of them leave, for as long as half a second. */
async function waitingWhenSettled({ socket }: StubStream): Promise<number> {
	for (let before = -1, same = 0; same < 5; await pause(100)) {
		same = socket.bufferedAmount === before ? same + 1 : 0;
		before = socket.bufferedAmount;
	}
	return socket.bufferedAmount;
}

let stub: StubDaemon;
afterEach(() => stub.close());

async function serve(stream: (stream: StubStream) => void, options: Partial<StubOptions> = {}): Promise<string[]> {
	stub = await StubDaemon.start({ answers: ANSWERS, stream, ...options });
	return ['--host', stub.host];
}

test('bytes arrive as they were sent; output without a line end is followed by one on stderr', async () => {
	const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x80]);
	const host = await serve((stream) => {
		stream.start();
		stream.stdout(bytes);
		stream.end(1000, `${EXEC} has exited with exit-code 0`);
	});
	const process = startKlee([...host, 'exec', 'c', 'cat']);
	process.child.stdout?.setEncoding('latin1');
	const { code, stdout, stderr } = await process.ended;
	assert.deepEqual([code, stdout], [0, bytes.toString('latin1')]);
	assert.equal(stderr, `created execution instance ${EXEC}\n\n\n${EXEC} has exited with exit-code 0\n`);
});

test('klee exits as the daemon says, whatever its sentence', async () => {
	const host = await serve((stream) => {
		stream.start();
		stream.socket.close(1000, JSON.stringify({ exit_code: 9, message: 'it is over', msg_type: 'closing' }));
	});
	assert.equal((await klee([...host, 'exec', 'c', 'true'])).code, 9);
});

test('klee exits when it has the exit code, also where the daemon does not come to end the connection', {
	timeout: 20_000,
}, async () => {
	const closing = Promise.withResolvers<StubStream>();
	const host = await serve((stream) => {
		stream.start();
		stream.stdout('out\n');
		// It does not read the answer to its close frame.
		stream.socket.pause();
		stream.end(1000, `${ENDED} 0`);
		closing.resolve(stream);
	});
	const { child, ended } = startKlee([...host, 'exec', 'c', 'true']);
	const { socket } = await closing.promise;
	const late = pause(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'));
	const outcome = await Promise.race([ended, late.then(() => ended)]);
	socket.resume();
	assert.deepEqual([outcome.code, outcome.signal, outcome.stdout], [0, null, 'out\n']);
});

test('a daemon without our subprotocol is spoken to as the original klee does', async () => {
	const host = await serve(
		(stream) => {
			stream.start();
			stream.stdout('out\n');
			stream.end(1000, `${ENDED} 0`);
		},
		{ original: true },
	);
	const { code, stdout, stderr } = await klee([...host, 'start', 'c']);
	assert.deepEqual([code, stdout], [0, 'out\n']);
	assert.equal(stderr, `created execution instance ${EXEC}\n\n${ENDED} 0\n`);
});

test('-d prints the id of the container and returns', async () => {
	const host = await serve((stream) => stream.end(1001, 'succesfully started execution instance in detached mode'));
	const { code, stdout, stderr } = await klee([...host, 'run', '-d', 'img']);
	assert.deepEqual([code, stdout, stderr], [0, `${CONTAINER}\n`, `created execution instance ${EXEC}\n`]);
	assert.deepEqual(stub.requests(), ['POST /containers/run']);
	assert.equal((await klee([...host, 'start', '-d', 'c'])).code, 0);
	assert.equal(stub.body(-1).attach, false);
});

test('standard input from a pipe reaches the process, with its end', async () => {
	const host = await serve((stream) => {
		stream.start();
		stream.onInput((bytes) => stream.stdout(bytes));
		stream.onControl(({ type }) => {
			if (type === 'end-of-input') stream.end(1000, `${ENDED} 0`);
		});
	});
	const process = startKlee([...host, 'exec', '-i', 'c', 'cat'], { input: true });
	process.child.stdin?.end('hi\n');
	const { code, stdout } = await process.ended;
	assert.equal(code, 0);
	assert.equal(stdout, 'hi\n');
});

test('input waits for the process to be there', async () => {
	const host = await serve((stream) => {
		setTimeout(() => {
			stream.onInput((bytes) => stream.stdout(bytes));
			stream.onControl(() => stream.end(1000, `${ENDED} 0`));
			stream.start();
		}, 300);
	});
	const process = startKlee([...host, 'run', '-i', 'img', 'cat'], { input: true });
	process.child.stdin?.end('early\n');
	const { code, stdout } = await process.ended;
	assert.equal(code, 0);
	assert.equal(stdout, 'early\n');
});

test('Ctrl-C before the process is there ends klee', async () => {
	let arrived = () => {};
	const asked = new Promise<void>((resolve) => {
		arrived = resolve;
	});
	const host = await serve(() => arrived());
	const process = startKlee([...host, 'start', 'c']);
	await asked;
	process.child.kill('SIGINT');
	assert.equal((await process.ended).code, 130);
});

test('much input waits for a daemon that is slow, and arrives whole', { timeout: 60_000 }, async () => {
	const SIZE = 32 * 1024 * 1024;
	let counted = 0;
	let unread = 0;
	const host = await serve((stream) => {
		stream.start();
		stream.socket.pause();
		setTimeout(() => {
			unread = process.child.stdin?.writableLength ?? 0;
			stream.socket.resume();
		}, 1000);
		stream.onInput((bytes) => {
			counted += bytes.length;
		});
		stream.onControl(() => stream.end(1000, `${ENDED} 0`));
	});
	const process = startKlee([...host, 'run', '-i', 'img', 'wc', '-c'], { input: true });
	process.child.stdin?.end(Buffer.alloc(SIZE, 'x'));
	assert.equal((await process.ended).code, 0);
	assert.equal(counted, SIZE);
	assert.ok(unread > SIZE / 2, `klee had left ${unread} bytes unread`);
});

test('a refusal before the start is told whole, from a frame or from the close reason', async () => {
	const body = {
		message: 'no such command',
		code: 'COMMAND_FAILED',
		what: 'cannot run x',
		why: 'it is not there',
		hint: 'm',
	};
	const framed = await serve((stream) => {
		stream.socket.send(JSON.stringify({ data: JSON.stringify(body), message: body.message, msg_type: 'error' }));
		stream.end(1011, 'error starting exec instance: no such');
	});
	const { code, stdout, stderr } = await klee([...framed, 'exec', 'c', 'x']);
	assert.deepEqual([code, stdout], [125, '']);
	assert.equal(stderr, 'error: cannot run x: no such command\n  why: it is not there\n hint: m\n');
	await stub.close();
	const original = await serve(
		(stream) => {
			stream.socket.send('error: executable already started');
			stream.end(1011, 'error starting exec instance');
		},
		{ original: true },
	);
	const second = await klee([...original, 'exec', 'c', 'x']);
	assert.match(second.stderr, /^error: error starting exec instance: executable already started\n/);
	assert.equal(second.code, 125);
});

test('a connection that breaks off is an error, not success', async () => {
	const host = await serve((stream) => {
		stream.start();
		stream.stdout('half');
		setTimeout(() => stream.socket.terminate(), 50);
	});
	const { code, stdout, stderr } = await klee([...host, 'start', 'c']);
	assert.equal(code, 1);
	assert.match(stdout, /half/);
	assert.match(stderr, /the connection to kleened broke off/);
});

test('the first Ctrl-C is for the process, the second for klee', async () => {
	const signals: unknown[] = [];
	let closed: (code: number) => void = () => {};
	const closing = new Promise<number>((resolve) => {
		closed = resolve;
	});
	const host = await serve((stream) => {
		stream.start();
		stream.stdout('ready\n');
		stream.socket.on('close', closed);
		stream.onControl((control) => {
			signals.push(control);
			stream.stdout('got it\n');
		});
	});
	const process = startKlee([...host, 'exec', 'c', 'sleep', '100']);
	await process.shown('ready');
	process.child.kill('SIGINT');
	await process.shown('got it');
	process.child.kill('SIGINT');
	const { code } = await process.ended;
	assert.equal(code, 130);
	assert.deepEqual(signals, [{ type: 'signal', signal: 'SIGINT' }]);
	assert.equal(await closing, 1000);
});

test('a slow reader of klee makes the daemon wait, and loses nothing', { timeout: 120_000 }, async () => {
	const SIZE = 64 * 1024 * 1024;
	const sent = Promise.withResolvers<StubStream>();
	const host = await serve((stream) => {
		stream.start();
		const block = Buffer.alloc(64 * 1024, 'x');
		for (let bytes = 0; bytes < SIZE; bytes += block.length) stream.stdout(block);
		sent.resolve(stream);
	});
	const command = `exec 3<&0; ${kleeCommand([...host, 'start', 'c'])} </dev/null | { read go <&3; wc -c; }`;
	const reader = startProcess('/bin/sh', ['-c', command], { input: true });
	const stream = await sent.promise;
	const waiting = await waitingWhenSettled(stream);
	reader.child.stdin?.end('go\n');
	// Not before: 30 seconds after that ws gives up on what still waits.
	stream.end(1000, `${ENDED} 0`);
	const { stdout } = await reader.ended;
	assert.equal(Number(stdout), SIZE);
	assert.ok(waiting > SIZE / 2, `${waiting} bytes waited at the daemon while nobody read`);
});

test('a reader that goes away ends klee without another word', async () => {
	const host = await serve((stream) => {
		stream.start();
		const timer = setInterval(() => stream.stdout('y\n'.repeat(1000)), 1);
		stream.socket.on('close', () => clearInterval(timer));
	});
	const words = ['-c', `"$0" "$@" | head -n 3`, process.execPath, 'src/cli/main.ts', ...host, 'start', 'c'];
	const { stdout, stderr } = await startProcess('/bin/sh', words, { cwd: `${import.meta.dirname}/../..` }).ended;
	assert.deepEqual([stdout, stderr], ['y\ny\ny\n', `created execution instance ${EXEC}\n`]);
});

test('image create shows progress as it comes and ends with the id', async () => {
	let goOn = () => {};
	const host = await serve((stream) => {
		stream.start();
		stream.socket.send('fetching...');
		goOn = () => stream.end(1000, 'image created', CONTAINER);
	});
	const process = startKlee([...host, 'image', 'create', '-t', 'Debian', 'fetch-auto']);
	await process.shown('fetching...');
	goOn();
	const { code, stdout } = await process.ended;
	assert.deepEqual([code, stdout], [0, `fetching...\n\nimage created\n${CONTAINER}\n`]);
	assert.equal(stub.body(0).autotag, false);
});

test('image create tells a failure once, whole, and keeps the progress', async () => {
	const reason = `invalid dataset ${'x'.repeat(120)}`;
	const host = await serve((stream) => {
		stream.start();
		stream.socket.send('looking\n');
		stream.socket.send(`${reason}\nhint: name another\n`);
		stream.end(1011, `image creation failed: ${reason.slice(0, 30)}…`);
	});
	const { code, stdout, stderr } = await klee([...host, 'image', 'create', 'zfs-copy', 'zroot/x']);
	assert.deepEqual([code, stdout], [1, 'looking\n']);
	assert.equal(stderr, `error: image creation failed: ${reason}\n hint: name another\n`);
});

test('klee leaves no listener that keeps it alive', async () => {
	const host = await serve((stream) => {
		stream.start();
		stream.end(1000, `${ENDED} 0`);
	});
	const process = startKlee([...host, 'exec', '-i', 'c', 'true'], { input: true });
	const [code] = await once(process.child, 'exit');
	assert.equal(code, 0);
});
