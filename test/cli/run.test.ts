/** `klee run` as one request. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { closeStub, startStub } from './against.ts';
import { klee } from './run-klee.ts';
import type { StubDaemon, StubOptions, StubStream } from './stub-daemon.ts';

const EXEC = '2fc5447ef1e8';
const CONTAINER = '173a1a8d848d';
const ENDED = `executable ${EXEC} and its container exited with exit-code`;
/** Starting frame of a run. */
const CREATED = { container_id: CONTAINER, exec_id: EXEC };

let stub: StubDaemon;
afterEach(closeStub);

async function serve(stream: (stream: StubStream) => void, options: Partial<StubOptions> = {}): Promise<string[]> {
	stub = await startStub({ stream, ...options });
	return ['--host', stub.host];
}

test('run is one request; stdout is what the command wrote, and klee exits as the command did', async () => {
	const host = await serve((stream) => {
		stream.start(CREATED);
		stream.stderr('add net default: gateway 10.4.6.1\n');
		stream.stdout('hello\n');
		stream.stderr('oops\n');
		stream.end(1000, `${ENDED} 7`);
	});
	const words = 'run -l vnet -n testvnet --name web Debian ls -la --color'.split(' ');
	const { code, stdout, stderr } = await klee([...host, ...words]);
	assert.deepEqual([code, stdout], [7, 'hello\n']);
	const begin = `${CONTAINER}\ncreated execution instance ${EXEC}\nadd net default: gateway 10.4.6.1\n`;
	assert.equal(stderr, `${begin}oops\n\n${ENDED} 7\n`);
	assert.deepEqual(stub.requests(), ['WS /containers/run']);
	const { container, endpoints, ...rest } = stub.body(0);
	assert.deepEqual((container as { cmd: string[] }).cmd, ['ls', '-la', '--color']);
	assert.deepEqual(endpoints, [{ network: 'testvnet', ip_address: '<auto>', ip_address6: '<auto>' }]);
	assert.deepEqual(rest, { execution: { cmd: [], env: [], user: '', tty: false }, stdin: false });
});

test('a run that is refused exits 125 and writes nothing to stdout, attached or not', async () => {
	const body = { message: 'no such image', code: 'NO_SUCH_IMAGE', what: 'cannot run', why: 'none', hint: 'm' };
	const refuse = (stream: StubStream) => {
		stream.socket.send(JSON.stringify({ data: JSON.stringify(body), message: body.message, msg_type: 'error' }));
		stream.end(1011, 'error starting exec instance');
	};
	const host = await serve(refuse, { answers: { 'POST /containers/run': [404, body] } });
	for (const words of [['img'], ['-d', 'img'], ['--nosuch', 'img'], ['-m', 'a', 'img']]) {
		const { code, stdout, stderr } = await klee([...host, 'run', ...words]);
		assert.deepEqual([code, stdout], [125, ''], words.join(' '));
		assert.match(stderr, /^error: /);
	}
});

test('a name that klee made up and somebody has is replaced by another', async () => {
	const names = new Set<unknown>();
	const host = await serve((stream) => {
		names.add((stream.configuration.container as { name: string }).name);
		const taken = JSON.stringify({ message: 'taken', code: 'NAME_TAKEN' });
		if (names.size < 3) {
			stream.socket.send(JSON.stringify({ data: taken, message: 'taken', msg_type: 'error' }));
			return stream.end(1011, 'taken');
		}
		stream.start(CREATED);
		stream.end(1000, `${ENDED} 0`);
	});
	assert.equal((await klee([...host, 'run', 'img'])).code, 0);
	assert.equal((await klee([...host, 'run', '--name', 'mine', 'img'])).code, 0);
	assert.equal(names.size, 4);
});
