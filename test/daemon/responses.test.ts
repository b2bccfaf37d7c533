/** The check that every response of these tests goes through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import swagger from '@fastify/swagger';
import fastify from 'fastify';
import { MISFIT } from '#test/testbed/openapi/response-check.ts';

const SCHEMA = { response: { 200: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } } } };

test('a response that the description of the API does not allow is an error', async () => {
	const app = fastify({ exposeHeadRoutes: false });
	await app.register(swagger, { openapi: {} });
	app.get('/good/:name', { schema: SCHEMA }, async () => ({ id: 'x' }));
	app.get('/number', { schema: SCHEMA, serializerCompiler: () => JSON.stringify }, async () => ({ id: 7 }));
	app.get('/status', { schema: SCHEMA }, async (_, reply) => {
		reply.statusCode = 202;
		return { id: 'x' };
	});
	app.get('/type', { schema: SCHEMA }, async (_, reply) => reply.type('text/plain').send('x'));
	app.get('/body', { schema: { response: { 200: { type: 'null' } } } }, async () => 'x');
	await app.ready();
	assert.equal((await app.inject('/good/one')).statusCode, 200);
	for (const url of ['/number', '/status', '/type']) {
		const { statusCode, json } = await app.inject(url);
		assert.deepEqual([statusCode, json().message.includes(MISFIT)], [500, true], url);
	}
	assert.match((await app.inject('/body')).body, new RegExp(MISFIT));
});
