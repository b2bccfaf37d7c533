/** Requests, streams and WebSockets that klee console passes on, without a browser: also over TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { makeCertificates } from '#test/testbed/certificates.ts';
import type { Conversation } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { providePage } from '#test/testbed/prepared/page.ts';
import { fillRoot } from '#test/testbed/prepared/root.ts';
import { KLEENED, TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
let served: Served;

/** A klee console and a session of it. */
interface Served {
	readonly klee: Conversation;
	readonly origin: string;
	readonly cookie: string;
}

before(async () => {
	await providePage();
	host = await TestHost.start({ prepare: (_, root) => fillRoot(root) });
	await host.kleeOutput('run', '-d', '--name', 'box', 'Debian', 'sleep', '600');
	served = await serve();
});
after(async () => {
	served?.klee.child.kill('SIGKILL');
	await host?.close();
});

async function serve(...words: readonly string[]): Promise<Served> {
	const klee = host.converse([...words, 'console', '--no-open']);
	const [address] = await klee.until(/http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/);
	const { origin, pathname, search } = new URL(address);
	const { headers } = await get({ klee, origin, cookie: '' }, `${pathname}${search}`);
	return { klee, origin, cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
}

interface Sent {
	readonly method?: string;
	readonly body?: string;
}

/** The head of an answer; its body is to be read. */
async function get({ origin, cookie }: Served, path: string, { method = 'GET', body }: Sent = {}) {
	const type =
		body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
	const asked = request(`${origin}${path}`, { method, agent: false, headers: { cookie, origin, ...type } });
	asked.on('error', () => {}).end(body);
	const [answer] = (await once(asked, 'response')) as [IncomingMessage];
	return answer;
}

async function textOf(answer: IncomingMessage): Promise<string> {
	let text = '';
	for await (const chunk of answer.setEncoding('utf8')) text += chunk;
	return text;
}

const open = ({ origin, cookie }: Served, path: string, protocols: readonly string[] = []) =>
	new WebSocket(`${origin.replace('http', 'ws')}${path}`, [...protocols], { headers: { cookie, origin } });

/** Open sockets of a klee console. */
const socketsOf = ({ klee }: Served) =>
	readdirSync(`/proc/${klee.child.pid}/fd`).filter((fd) => {
		try {
			return readlinkSync(`/proc/${klee.child.pid}/fd/${fd}`).startsWith('socket:');
		} catch {
			return false;
		}
	}).length;

/** Input, output, errors, and the socket that it listens on. */
const IDLE = 4;

const create = JSON.stringify({ container_id: 'box', cmd: ['cat'], tty: false });

test('answers come back as the daemon gave them, each one of many', async () => {
	const statuses = await Promise.all(
		Array.from({ length: 150 }, async () => {
			const answer = await get(served, '/api/exec/create', { method: 'POST', body: create });
			return `${answer.statusCode} ${/^\{"id":"\w+"\}$/.test(await textOf(answer))}`;
		}),
	);
	assert.deepEqual([...new Set(statuses)], ['201 true']);
	const refused = await get(served, '/api/networks/create', { method: 'POST', body: '{}' });
	assert.equal(refused.statusCode, 400);
	assert.deepEqual(Object.keys(JSON.parse(await textOf(refused))).sort(), ['code', 'hint', 'message', 'what', 'why']);
	assert.match(String(refused.headers['content-security-policy']), /default-src 'none'/);
});

test('input and output of a process go through a WebSocket, with its exit code', async () => {
	const { id } = JSON.parse(await textOf(await get(served, '/api/exec/create', { method: 'POST', body: create })));
	const socket = open(served, '/api/exec/start', ['kleene.streams']);
	const frames: string[] = [];
	socket.on('message', (data, binary) => frames.push(binary ? data.slice(1).toString() : 'told'));
	await once(socket, 'open');
	socket.send(JSON.stringify({ exec_id: id, attach: true, start_container: false, stdin: true }));
	await eventually('it has started', () => frames.length > 0);
	socket.send(Buffer.from('hello'));
	await eventually('it answers', () => frames.includes('hello'));
	socket.send(JSON.stringify({ type: 'end-of-input' }));
	const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
	assert.deepEqual([code, JSON.parse(String(reason)).exit_code], [1000, 0]);
});

test('a reader that does not read makes the process wait, and costs no memory', async () => {
	const body = JSON.stringify({ container_id: 'box', cmd: ['cat', '/dev/zero'], tty: false });
	const { id } = JSON.parse(await textOf(await get(served, '/api/exec/create', { method: 'POST', body })));
	const socket = open(served, '/api/exec/start', ['kleene.streams']);
	await once(socket, 'open');
	socket.pause();
	const memory = () =>
		Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${served.klee.child.pid}/status`, 'utf8'))?.[1]);
	const read = () => Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${served.klee.child.pid}/io`, 'utf8'))?.[1]);
	const [before, start] = [memory(), read()];
	socket.send(JSON.stringify({ exec_id: id, attach: true, start_container: false, stdin: false }));
	let [last, stood] = [-1, false];
	const isStill = () => {
		const now = read();
		[last, stood] = [now, now === last && now > start + 100_000];
		return stood;
	};
	await eventually('nothing is read any more', isStill, { every: 500 });
	assert.ok(memory() - before < 40_000, `${memory() - before} kB more`);
	socket.terminate();
});

test('streams of lines come as WebSockets of whole lines, and refusals as their first frame', async () => {
	const socket = open(served, '/stream/topology/changes');
	const frames: string[] = [];
	socket.on('message', (data) => frames.push(String(data)));
	await eventually('the map is there', () => frames.length > 1);
	assert.deepEqual(JSON.parse(frames[0] ?? ''), { status: 200 });
	assert.equal(JSON.parse(frames[1] ?? '').type, 'topology');
	await host.kleeOutput('network', 'create', 'later');
	await eventually('the change', () => frames.slice(2).join('').includes('"later"'));
	assert.ok(frames.slice(1).every((frame) => frame.endsWith('\n')));
	socket.terminate();
	const refused = open(served, '/stream/flows/changes?of=nothing');
	const [first] = (await once(refused, 'message')) as [Buffer];
	const { status, refusal } = JSON.parse(String(first));
	assert.deepEqual([status, refusal.code], [404, 'NO_SUCH_NETWORK']);
	await once(refused, 'close');
});

test('a browser that dies ends its requests and streams at the daemon', async () => {
	await eventually('nothing else is open', () => socketsOf(served) === IDLE);
	const answer = await get(served, '/api/topology/changes');
	const socket = open(served, '/stream/topology/changes');
	await Promise.all([once(answer, 'data'), once(socket, 'message')]);
	assert.equal(socketsOf(served), IDLE + 4);
	answer.destroy();
	socket.terminate();
	await eventually('both ends are closed', () => socketsOf(served) === IDLE);
});

test('a daemon with certificates is reached, and Ctrl-C ends the console with all its streams', async () => {
	makeCertificates(host.folder);
	const file = (name: string) => join(host.folder, name);
	const url = `https://${file('tls.sock')}`;
	const ours = [
		'--tlscert',
		file('server.pem'),
		'--tlskey',
		file('server.key'),
		'--tlscacert',
		file('ca.pem'),
		'--tlsverify',
	];
	const secured = await TestHost.start({ program: [KLEENED, '--host', url, ...ours] });
	try {
		const client = ['--tlscert', file('client.pem'), '--tlskey', file('client.key'), '--tlscacert', file('ca.pem')];
		const other = await serve('--host', url, ...client);
		const socket = open(other, '/stream/topology/changes');
		const [first] = (await once(socket, 'message')) as [Buffer];
		assert.deepEqual(JSON.parse(String(first)), { status: 200 });
		const stranger = await serve('--host', url, '--tlscacert', file('ca.pem'));
		const refused = await get(stranger, '/api/topology');
		assert.equal(refused.statusCode, 502);
		assert.match(await textOf(refused), /requires a client certificate/);
		const closed = once(socket, 'close');
		for (const { klee } of [other, stranger]) klee.child.kill('SIGINT');
		await closed;
		assert.deepEqual([(await other.klee.ended).code, (await stranger.klee.ended).code], [0, 0]);
	} finally {
		await secured.close();
	}
});

test('ports are refused with a reason', async () => {
	const taken = await host.klee('console', '--no-open', '--port', new URL(served.origin).port);
	assert.deepEqual([taken.code, taken.stdout], [1, '']);
	assert.match(
		taken.stderr,
		/cannot start the console: something else listens on port \d+.*\n *hint: name another port/,
	);
	const wrong = await host.klee('console', '--port', '70000');
	assert.equal(wrong.code, 2);
	assert.match(wrong.stderr, /cannot use '70000' with --port/);
});
