/** HTTP statuses of refusals: by their meaning for everybody, by the contract for the original client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { ExecStartConfig } from '#api/executions.ts';
import { buildApp } from '#daemon/app.ts';
import { parseFirstFrame } from '#daemon/streams/first-frame.ts';
import { startEngine } from '#test/engine/fixture.ts';
import { ORIGINAL } from '#test/testbed/wire.ts';

async function startApi() {
	const { engine } = await startEngine();
	const logged: string[] = [];
	const app = await buildApp(engine, pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }));
	const ask = async (target: string, payload?: object | string, agent = 'curl/7.88.1') => {
		const [method, url] = target.split(' ') as ['GET' | 'POST' | 'DELETE', string];
		const headers = { 'user-agent': agent, ...(payload ? { 'content-type': 'application/json' } : {}) };
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
		assert.ok(answer.json().message && answer.json().code, target);
	}
	assert.deepEqual(logged, []);
});

test('the original client gets statuses that the contract lists, as it crashes on others', async () => {
	const { ask } = await startApi();
	assert.equal((await ask('POST /volumes/create', { name: '../etc' }, ORIGINAL)).statusCode, 500);
	assert.equal((await ask('GET /containers/list?all=x', undefined, ORIGINAL)).statusCode, 500);
});

test('a first frame of deep JSON is refused in words', () => {
	const deep = `{"exec_id": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
	assert.ok('problem' in parseFirstFrame(ExecStartConfig, deep));
	assert.ok('problem' in parseFirstFrame(ExecStartConfig, '['.repeat(500_000)));
});
