/** Errors on the wire: whole for clients that ask for that, as the contract has them for others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { ExecStartConfig } from '#api/executions.ts';
import { DETAILED_ERROR } from '#api/media-types.ts';
import { buildApp } from '#daemon/app.ts';
import { parseFirstFrame } from '#daemon/streams/first-frame.ts';
import { startEngine } from '#test/engine/fixture.ts';
import { ORIGINAL } from '#test/testbed/wire.ts';

const OURS = { accept: `${DETAILED_ERROR}, */*` };

async function startApi() {
	const { engine } = await startEngine();
	const logged: string[] = [];
	const app = await buildApp(engine, pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }));
	const ask = async (target: string, payload?: object | string, client: Record<string, string> = OURS) => {
		const [method, url] = target.split(' ') as ['GET' | 'POST' | 'DELETE', string];
		const headers = { ...client, ...(payload ? { 'content-type': 'application/json' } : {}) };
		return app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
	};
	return { ask, logged };
}

const MISTAKES: readonly (readonly [target: string, status: number, payload?: object | string])[] = [
	['GET /containers/list?all=x', 400],
	['POST /volumes/create', 400, { name: '../etc' }],
	['POST /volumes/create', 400, '{"name": '],
	['POST /networks/create', 400, { name: 'n', type: 'bridge', subnet: '10.4.6.1/24', gateway: '', nat: '' }],
	['POST /networks/create', 400, { name: 'n', type: 'bridge', subnet: '10.4.6.0/24', gateway: '', nat: '', mtu: 1e9 }],
	['GET /containers/nosuch/inspect', 404],
	['DELETE /networks/nosuch', 404],
	['POST /containers/nosuch/stop?grace=1e300', 400],
];

test('a mistake of a client is a 4xx and leaves no error in the log', async () => {
	const { ask, logged } = await startApi();
	for (const [target, status, payload] of MISTAKES) {
		const answer = await ask(target, payload);
		assert.equal(answer.statusCode, status, `${target}: ${answer.body}`);
		assert.deepEqual(Object.keys(answer.json()).sort(), ['code', 'hint', 'message', 'what', 'why'], target);
		assert.match(String(answer.headers['content-type']), /^application\/vnd\.kleene\.error\+json/);
	}
	assert.deepEqual(logged, []);
});

const OTHERS = [{ 'user-agent': ORIGINAL, accept: '*/*' }, { 'user-agent': 'curl/7.88.1', accept: '*/*' }, {}];

test('a client that does not ask for more gets the message alone, with a status of the contract', async () => {
	const { ask } = await startApi();
	for (const client of OTHERS) {
		const missing = await ask('GET /networks/nosuch/inspect', undefined, client);
		assert.deepEqual([missing.statusCode, missing.body], [404, '{"message":"network not found"}']);
		assert.match(String(missing.headers['content-type']), /^application\/json/);
		const bad = await ask('POST /networks/create', { name: 'n', type: 'bridge', subnet: '10.4.6.1/24' }, client);
		assert.deepEqual([bad.statusCode, Object.keys(bad.json())], [409, ['message']]);
	}
});

test('where the contract lists 500 alone, only the original client gets it for a mistake', async () => {
	const { ask } = await startApi();
	const [original, ...others] = OTHERS;
	for (const target of ['POST /volumes/create', 'GET /containers/list?all=x']) {
		const body = target.startsWith('POST') ? { name: '../etc' } : undefined;
		assert.equal((await ask(target, body, original)).statusCode, 500, target);
		for (const client of others) assert.equal((await ask(target, body, client)).statusCode, 400, target);
	}
});

test('a first frame of deep JSON is refused in words', () => {
	const deep = `{"exec_id": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
	assert.ok('problem' in parseFirstFrame(ExecStartConfig, deep));
	assert.ok('problem' in parseFirstFrame(ExecStartConfig, '['.repeat(500_000)));
});
