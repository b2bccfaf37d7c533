import { pino } from 'pino';
import { buildApp } from '#daemon/app.ts';
import { startEngine } from '#test/engine/fixture.ts';
import { ORIGINAL } from '#test/testbed/wire.ts';

const HEADERS = { 'user-agent': ORIGINAL };

/** The REST half of a daemon on a host in memory, called as by the original client. */
export async function startApi() {
	const fixture = await startEngine();
	const app = await buildApp(fixture.engine, pino({ level: 'silent' }));
	const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => {
		const answer = await app.inject({ method, url, headers: HEADERS, ...(payload ? { payload } : {}) });
		const json = answer.headers['content-type']?.toString().startsWith('application/json');
		return { status: answer.statusCode, body: json ? answer.json() : answer.body };
	};
	return { ...fixture, call };
}
