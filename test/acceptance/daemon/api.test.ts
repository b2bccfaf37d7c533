/** The wire contract where an unmodified klee of the original project would notice a difference. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { assertClosed, ID, OriginalClient, STARTING } from '#test/testbed/original-client.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { type Answer, type Stream, stream } from '#test/testbed/wire.ts';

let host: TestHost;
let client: OriginalClient;

before(async () => {
	host = await startHostWithImage();
	client = new OriginalClient(host.socket);
});
after(() => host.close());

const call = (target: string, body?: unknown): Promise<Answer> => client.call(target, body);
const idOf = (target: string, body: unknown) => client.idOf(target, body);
const createContainer = (cmd: readonly string[], more: object = {}) => client.createContainer(cmd, more);
const start = (container: string, more: object = {}): Promise<Stream> => client.start(container, more);

describe('REST', () => {
	test('an unknown path is 404 with a plain text', async () => {
		const { status, text } = await call('GET /nosuch');
		assert.deepEqual([status, text], [404, 'not found']);
		assert.equal((await call('PUT /networks/list')).status, 404);
	});

	test('every refusal is JSON with the text of the contract, and a status that the client knows', async () => {
		const network = { name: 'x', type: 'bridge', subnet: '10.4.6.0/33' };
		const cases: readonly (readonly [string, unknown, number, string | RegExp])[] = [
			['GET /networks/nosuch/inspect', undefined, 404, 'network not found'],
			['DELETE /networks/nosuch', undefined, 404, 'network not found.'],
			['GET /containers/nosuch/inspect', undefined, 404, 'container not found'],
			['DELETE /containers/nosuch', undefined, 404, 'no such container'],
			['POST /containers/nosuch/stop', undefined, 404, 'container not found'],
			['POST /containers/nosuch/update', { name: 'yy' }, 404, "no such container 'nosuch'"],
			['POST /containers/create', { name: 'ok', image: 'nosuch' }, 404, "no such image 'nosuch'"],
			[
				'POST /containers/create',
				{ name: '_x', image: 'Debian' },
				404,
				'_x does not match /?[a-zA-Z0-9][a-zA-Z0-9_.-]+$',
			],
			['GET /images/nosuch/inspect', undefined, 404, 'image not found'],
			['DELETE /images/nosuch', undefined, 404, 'Error: No such image: nosuch\n'],
			['POST /exec/create', { container_id: 'nosuch' }, 404, 'container not found'],
			['POST /networks/create', network, 409, 'invalid subnet: could not parse cidr block: "10.4.6.0/33"'],
			['POST /networks/create', { ...network, subnet: 'fd00::/64' }, 409, 'invalid subnet: wrong IP protocol'],
			['POST /networks/create', { type: 'bridge' }, 409, /Missing field: name/],
			['POST /networks/create', { ...network, type: 'ring' }, 409, /enum/],
			['POST /networks/create', '{"name":', 409, /JSON/],
			['POST /networks/connect', { network: 'x', container: 'y' }, 404, 'container not found'],
			['POST /networks/x/disconnect/y', undefined, 404, 'container not found'],
		];
		for (const [target, body, status, message] of cases) {
			const answer = await call(target, body);
			assert.equal(answer.status, status, `${target}: ${answer.text}`);
			assert.match(answer.type, /^application\/json/);
			const said = (JSON.parse(answer.text) as { message: string }).message;
			if (typeof message === 'string') assert.equal(said, message, target);
			else assert.match(said, message, target);
		}
	});

	test('resources have all keys of the contract, ids and times their form', async () => {
		const network = { name: 'net', type: 'bridge', subnet: '10.4.6.0/24', gateway: '<auto>', icc: 'true' };
		const networkId = await idOf('POST /networks/create', { ...network, unknown: 1 });
		assert.partialDeepStrictEqual(JSON.parse((await call('GET /networks/net/inspect')).text), {
			network: {
				...{ id: networkId, name: 'net', type: 'bridge', subnet: '10.4.6.0/24', subnet6: '', interface: 'kleene0' },
				...{ gateway: '<auto>', gateway6: '', nat: '', icc: true, internal: false },
			},
			network_endpoints: [],
		});
		const id = await createContainer(['true'], { name: 'keys', persist: 'true', network_driver: 'vnet' });
		const [listed] = JSON.parse((await call('GET /containers/list?all=true')).text) as Record<string, unknown>[];
		const keys =
			'cmd created dataset env id image_id image_name image_tag jail_param jid name network_driver persist public_ports restart_policy running user';
		for (const key of keys.split(' ')) assert.ok(listed && key in listed, key);
		assert.equal(listed?.persist, true);
		assert.equal(listed?.jid, null);
		assert.match(String(listed?.created), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
		const auto = { network: networkId.slice(0, 5), container: 'keys', ip_address: '<auto>', ip_address6: '<auto>' };
		const connected = await call('POST /networks/connect', auto);
		assert.deepEqual([connected.status, connected.text], [204, '']);
		const { container_endpoints: endpoints } = JSON.parse((await call(`GET /containers/${id}/inspect`)).text) as {
			container_endpoints: Record<string, unknown>[];
		};
		const { id: endpointId, ...endpoint } = endpoints[0] ?? {};
		assert.match(String(endpointId), ID);
		assert.partialDeepStrictEqual(endpoint, {
			...{ container_id: id, network_id: networkId, ip_address: '10.4.6.2', ip_address6: '', epair: null },
		});
	});

	test('an update with what the original rename sends changes the name alone', async () => {
		const id = await createContainer(['sleep', '1'], { name: 'old', env: ['A=b'], jail_param: ['allow.raw_sockets'] });
		const { status } = await call('POST /containers/old/update', { mounts: [], name: 'new', public_ports: [] });
		assert.equal(status, 201);
		const { container } = JSON.parse((await call('GET /containers/new/inspect')).text) as {
			container: Record<string, unknown>;
		};
		assert.equal(container.id, id);
		assert.deepEqual([container.cmd, container.env], [['sleep', '1'], ['A=b']]);
		assert.deepEqual(container.jail_param, ['allow.raw_sockets']);
	});

	test('lists are newest first, pruned containers oldest first', async () => {
		await call('POST /containers/prune');
		const first = await createContainer(['true']);
		const second = await createContainer(['true']);
		const ids = async () =>
			(JSON.parse((await call('GET /containers/list?all=true')).text) as { id: string }[]).map(({ id }) => id);
		assert.deepEqual((await ids()).slice(0, 2), [second, first]);
		assert.deepEqual(JSON.parse((await call('POST /containers/prune')).text), [first, second]);
	});

	test('a slow stop keeps a client with a five-second timer waiting', async () => {
		const id = await createContainer(['/bin/sh', '-c', "trap '' TERM; touch /tmp/up; while :; do sleep 1; done"]);
		await start(id, { attach: false });
		// The start is answered before the shell has read its first word.
		await eventually('the shell is deaf', () => existsSync(join(host.root, 'containers', id, 'upper/tmp/up')));
		const { status, interim, text } = await call(`POST /containers/${id}/stop?grace=4`);
		assert.equal(status, 200);
		assert.deepEqual(JSON.parse(text), { id });
		assert.ok(interim.includes(102), `interim: ${interim}`);
		await call(`DELETE /containers/${id}`);
	});

	test('/openapi.json describes every path of this version', async () => {
		const { status, text } = await call('GET /openapi.json');
		assert.equal(status, 200);
		const { openapi, paths } = JSON.parse(text) as { openapi: string; paths: Record<string, object> };
		assert.match(openapi, /^3\./);
		const wanted =
			'/containers/list /containers/create /containers/{container_id} /containers/prune /containers/{container_id}/stop /containers/{container_id}/inspect /containers/{container_id}/update /exec/create /exec/{exec_id}/stop /images/list /images/{image_id} /images/prune /images/{image_id}/tag /images/{image_id}/inspect /networks/list /networks/create /networks/{network_id} /networks/prune /networks/{network_id}/inspect /networks/connect /networks/{network_id}/disconnect/{container_id}';
		for (const path of wanted.split(' ')) assert.ok(paths[path], path);
	});
});

describe('/exec/start', () => {
	test('starting frame, text output, closing line as the reason', async () => {
		const id = await createContainer(['/bin/sh', '-c', 'echo one; echo two >&2; exit 3']);
		const session = await start(id);
		assert.deepEqual(session.frames[0], { text: STARTING, binary: false });
		const output = session.frames.slice(1);
		assert.ok(output.every(({ binary }) => !binary));
		const text = output.map((frame) => frame.text).join('');
		assert.deepEqual(text.trim().split('\n').sort(), ['one', 'two']);
		const message = /^executable [0-9a-f]{12} and its container exited with exit-code 3$/;
		assertClosed(session, { code: 1000, type: 'closing', message });
		await call(`DELETE /containers/${id}`);
	});

	test('input frames of either kind reach the process verbatim', async () => {
		const id = await createContainer(['/bin/sh', '-c', 'read a; read b; echo "$a $b"']);
		const exec_id = await idOf('POST /exec/create', { container_id: id, tty: 'false' });
		const config = { exec_id, attach: true, start_container: true };
		const input = ['te', Buffer.from('xt\n'), Buffer.from('binary\n')];
		const { frames, code } = await stream(host.socket, '/exec/start', { config, input });
		assert.equal(code, 1000);
		assert.equal(
			frames
				.slice(1)
				.map(({ text }) => text)
				.join(''),
			'text binary\n',
		);
		await call(`DELETE /containers/${id}`);
	});

	test('bytes that are no UTF-8 come in a binary frame', async () => {
		const id = await createContainer(['printf', '\\377\\376']);
		const { frames } = await start(id);
		assert.equal(frames[1]?.binary, true);
		await call(`DELETE /containers/${id}`);
	});

	test('detached: no frame, close 1001; a second process ends without the container', async () => {
		const id = await createContainer(['sleep', '600']);
		const detached = await start(id, { attach: false });
		assert.deepEqual(detached.frames, []);
		const message = /^succesfully started execution instance in detached mode$/;
		assertClosed(detached, { code: 1001, type: 'closing', message });
		const exec_id = await idOf('POST /exec/create', { container_id: id, cmd: ['true'] });
		const config = { exec_id, attach: true, start_container: false };
		const second = await stream(host.socket, '/exec/start', { config });
		assertClosed(second, { code: 1000, type: 'closing', message: /^[0-9a-f]{12} has exited with exit-code 0$/ });
		await call(`POST /containers/${id}/stop`);
		await call(`DELETE /containers/${id}`);
	});

	test('a stopped execution instance ends with 128 and its signal', async () => {
		const id = await createContainer(['sleep', '600']);
		await start(id, { attach: false });
		for (const [force, code] of [
			[true, 137],
			[false, 143],
		] as const) {
			const cmd = ['/bin/sh', '-c', 'echo up; exec sleep 600'];
			const exec_id = await idOf('POST /exec/create', { container_id: id, cmd });
			const config = { exec_id, attach: true, start_container: true };
			let heard = '';
			const onFrame = (text: string) => (heard += text);
			const ending = stream(host.socket, '/exec/start', { config, onFrame });
			await eventually('the process runs', () => heard.includes('up\n'));
			const { status } = await call(`POST /exec/${exec_id}/stop?force_stop=${force}&stop_container=false`);
			assert.equal(status, 200);
			const message = new RegExp(`has exited with exit-code ${code}$`);
			assertClosed(await ending, { code: 1000, type: 'closing', message });
		}
		await call(`POST /containers/${id}/stop`);
		await call(`DELETE /containers/${id}`);
	});

	test('what cannot start says why in a frame after the starting one, and closes with 1011', async () => {
		const config = { exec_id: 'nosuch', attach: true, start_container: true };
		const unknown = await stream(host.socket, '/exec/start', { config });
		const reason = "could not find execution instance matching 'nosuch'";
		assert.deepEqual(
			unknown.frames.map(({ text }) => text),
			[STARTING, `error: ${reason}\n`],
		);
		assertClosed(unknown, { code: 1011, type: 'error', message: /^error starting exec instance$/ });
		const id = await createContainer(['true'], { user: `nosuch${'long'.repeat(20)}` });
		const failed = await start(id);
		assert.match(failed.frames[1]?.text ?? '', /^error: .*has no user nosuch(long){20}\n$/);
		assert.deepEqual((await start(id, { attach: false })).frames, [], 'a detached client reads none');
		assertClosed(failed, { code: 1011, type: 'error', message: /./ });
		const [listed] = JSON.parse((await call('GET /containers/list?all=true')).text) as { running: boolean }[];
		assert.equal(listed?.running, false);
		await call(`DELETE /containers/${id}`);
	});

	test('a command that is not in the image ends as a shell would say it', async () => {
		const id = await createContainer(['/nosuch']);
		const session = await start(id);
		assert.match(session.frames[1]?.text ?? '', /\/nosuch/);
		assertClosed(session, { code: 1000, type: 'closing', message: /and its container exited with exit-code 127$/ });
		await call(`DELETE /containers/${id}`);
	});

	test('a bad configuration closes with 1002 and the detail', async () => {
		for (const [config, message] of [
			[{ exec_id: 'x', start_container: true }, /^invalid parameters: Missing field: attach/],
			[{ exec_id: 'x', attach: 'perhaps', start_container: true }, /^invalid parameters: Invalid boolean/],
			['{"exec_id"', /^invalid parameters/],
			['[]', /^invalid parameters/],
		] as const) {
			const session = await stream(host.socket, '/exec/start', { config });
			assert.deepEqual(session.frames, []);
			assertClosed(session, { code: 1002, type: 'error', message });
		}
	});
});
