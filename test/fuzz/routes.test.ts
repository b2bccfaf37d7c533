/** Every route of the API with arguments made from its schema: a mistake of a client is its own, whatever it sends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DETAILED_ERROR } from '#api/media-types.ts';
import type { App } from '#daemon/http.ts';
import { requireConsistent } from '#test/torture/kills/consistency.ts';
import { holds } from './amount.ts';
import { startApi } from './api-world.ts';
import { anything, fitting, type Schema, textFor } from './from-schema.ts';

/** Milliseconds that an answer may take, on a busy machine. */
const PATIENCE = 5000;

interface Parameter {
	readonly name: string;
	readonly in: 'path' | 'query';
	readonly required?: boolean;
	readonly schema: Schema;
}

interface Operation {
	readonly parameters?: readonly Parameter[];
	readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Request {
	readonly method: 'GET' | 'POST' | 'DELETE';
	readonly url: string;
	readonly payload?: string;
}

/** Objects are more often created than removed, so that most requests find some. */
function weightOf(path: string, method: string): number {
	if (/\/(create|connect)$/.test(path)) return 50;
	return /\/prune$/.test(path) || method === 'delete' ? 2 : 10;
}

async function startRoutes() {
	const world = await startApi();
	const { paths } = world.app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> };
	const operations = Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => {
			return { weight: weightOf(path, method), arbitrary: requestsFor(path, method, operation) };
		}),
	);
	return { ...world, operations };
}

function requestsFor(path: string, method: string, operation: Operation): fc.Arbitrary<Request> {
	const { parameters = [], requestBody } = operation;
	const inPath = parameters.filter((one) => one.in === 'path');
	const inQuery = parameters.filter((one) => one.in === 'query');
	const query = fitting({
		type: 'object',
		properties: Object.fromEntries(inQuery.map(({ name, schema }) => [name, schema])),
		required: inQuery.filter(({ required }) => required).map(({ name }) => name),
	});
	const [body] = Object.values(requestBody?.content ?? {});
	return fc
		.record({
			names: fc.tuple(...inPath.map(({ name }) => textFor(name))),
			query,
			payload: body ? payloadFor(body.schema) : fc.constant(undefined),
		})
		.map(({ names, query, payload }) => {
			const words = [...names];
			const filled = path.replaceAll(/\{[^}]+\}/g, () => encoded(words.shift() ?? ''));
			const url = `${filled}${asQuery(query)}`;
			return { method: method.toUpperCase() as Request['method'], url, ...(payload === undefined ? {} : { payload }) };
		});
}

/** JSON that nearly fits, and text that is no JSON. */
function payloadFor(schema: Schema): fc.Arbitrary<string> {
	const json = fitting(schema).map((value) => JSON.stringify(value));
	const broken = fc.oneof(
		fc.constantFrom('', '{', '[]', '"', 'null', '{"a":1', '[[['.repeat(50_000), `{"name":"\u0000"}`),
		fc.tuple(json, fc.nat(200)).map(([text, length]) => text.slice(0, length)),
		anything.map((value) => JSON.stringify(value)),
	);
	return fc.oneof({ weight: 12, arbitrary: json }, { weight: 1, arbitrary: broken });
}

function asQuery(query: unknown): string {
	if (typeof query !== 'object' || query === null) return '';
	const entries = Object.entries(query).map(
		([key, value]) => `${encoded(key)}=${encoded(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))}`,
	);
	return entries.length === 0 ? '' : `?${entries.join('&').slice(0, 4000)}`;
}

/** As a client encodes it; what cannot be encoded goes as it is. */
function encoded(word: string): string {
	return encodeURIComponent(word.toWellFormed());
}

/** Those that go on until the client leaves, e.g. events, and the time after which ours does. Milliseconds. */
const ENDLESS = /\/(events|logs|wait|stats|attach|changes|refused|capture)\b/;
const VISIT = 200;

interface Question extends Omit<Request, 'payload'> {
	readonly headers: Record<string, string>;
	readonly payload: string | undefined;
}

/** @returns undefined where the client left */
async function ask(app: App, { payload, ...request }: Question) {
	const signal = AbortSignal.timeout(ENDLESS.test(request.url) ? VISIT : 2 * PATIENCE);
	try {
		return await app.inject({ ...request, signal, ...(payload === undefined ? {} : { payload }) });
	} catch (error) {
		if (ENDLESS.test(request.url) && signal.aborted) return undefined;
		throw error;
	}
}

test('no request makes the daemon fail, and every refusal says what, why and what to do', async (context) => {
	const { app, engine, host, store, errors, operations, tend } = await startRoutes();
	const done = new Map<number, number>();
	assert.ok(operations.length > 25, 'every route is described');
	await holds(
		context,
		{ count: 1500, of: fc.oneof(...operations), stateful: true },
		async ({ method, url, payload }) => {
			const began = performance.now();
			const headers = {
				accept: DETAILED_ERROR,
				...(payload === undefined ? {} : { 'content-type': 'application/json' }),
			};
			const answer = await ask(app, { method, url, headers, payload });
			if (!answer) return;
			done.set(answer.statusCode, (done.get(answer.statusCode) ?? 0) + 1);
			const took = performance.now() - began;
			assert.ok(answer.statusCode < 500, `${answer.statusCode}: ${answer.body}`);
			assert.ok(took < PATIENCE, `${took} ms`);
			if (answer.statusCode < 400) return tend();
			const type = String(answer.headers['content-type']);
			if (type.startsWith('text/plain')) return assert.equal(answer.body, 'not found');
			const { message, code, what, why, hint } = answer.json<Record<string, string>>();
			for (const part of [message, code, what, why, hint]) assert.ok(part, answer.body);
		},
	);
	context.diagnostic(`answers by status: ${[...done].map(([status, times]) => `${status} ${times}`).join(', ')}`);
	assert.ok((done.get(201) ?? 0) > 20, 'requests get past the checks');
	// That is how inject() tells that the client left.
	const own = errors.filter((line) => !line.includes('AbortError'));
	assert.deepEqual(own, [], 'the log has no error');
	requireConsistent({ store, host, engine }, 'afterwards');
	await app.close();
});
