/** First and later frames of the streams: whatever a client sends, its stream is closed with a reason and nothing else notices. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { STREAMS_SUBPROTOCOL } from '#api/frames.ts';
import { FIRST_FRAMES } from '#daemon/streams/description.ts';
import { Streams } from '#daemon/streams/upgrade.ts';
import { requireConsistent } from '#test/torture/kills/consistency.ts';
import { holds } from './amount.ts';
import { startApi } from './api-world.ts';
import { anything, fitting, type Schema } from './from-schema.ts';

type Sent = string | Buffer;

interface Conversation {
	readonly path: string;
	readonly tagged: boolean;
	readonly first: string;
	readonly later: readonly Sent[];
}

const control: Schema = {
	type: 'object',
	properties: {
		type: { anyOf: ['resize', 'end-of-input', 'signal', 'nonsense'].map((name) => ({ const: name })) },
		rows: { type: 'integer', minimum: 1, maximum: 65_535 },
		columns: { type: 'integer', minimum: 1, maximum: 65_535 },
		signal: { anyOf: ['SIGINT', 'SIGKILL', 'SIGNOTHING'].map((name) => ({ const: name })) },
	},
};

const json = (values: fc.Arbitrary<unknown>) => values.map((value) => JSON.stringify(value));
const frame: fc.Arbitrary<Sent> = fc.oneof(
	json(fitting(control)),
	json(anything),
	fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
	fc.constantFrom<Sent>('', '{', Buffer.alloc(0), Buffer.alloc(100_000, 0xff), '['.repeat(100_000)),
);

const conversation: fc.Arbitrary<Conversation> = fc
	.constantFrom(...Object.entries(FIRST_FRAMES))
	.chain(([path, { first: schema }]) =>
		fc.record({
			path: fc.constant(path),
			tagged: fc.boolean(),
			first: fc.oneof(
				{ weight: 8, arbitrary: json(fitting(schema)) },
				{ weight: 1, arbitrary: json(anything) },
				{
					weight: 1,
					arbitrary: fc.constantFrom('', '{', '"', '\0', '['.repeat(300_000), '{"exec_id":'.repeat(50_000)),
				},
			),
			later: fc.array(frame, { maxLength: 4 }),
		}),
	);

/** Milliseconds after which a client that is not sent away leaves by itself, as one that watches a process would. */
const VISIT = 15;

test('every stream ends with a code and a reason that fit into a frame, and the daemon goes on', async (context) => {
	const { engine, host, store, app, errors, tend } = await startApi();
	const directory = mkdtempSync(join(tmpdir(), 'kleene-frames-'));
	const server = createServer();
	const log = {
		debug() {},
		info() {},
		warn() {},
		error: (...words: unknown[]) => void errors.push(JSON.stringify(words)),
	};
	const streams = new Streams(engine, log);
	streams.attachTo(server);
	await once(server.listen(join(directory, 'socket')), 'listening');
	const codes = new Map<number, number>();
	try {
		await holds(context, { count: 250, of: conversation, stateful: true }, async (one) => {
			const execution = engine.executions.create({ container: 'web', cmd: ['cat'], user: '', env: [], tty: false });
			const { code, reason } = await converse(`ws+unix://${join(directory, 'socket')}:${one.path}`, {
				...one,
				first: one.first.replace(/"exec_id":"[^"]*"/, `"exec_id":"${execution}"`),
			});
			codes.set(code, (codes.get(code) ?? 0) + 1);
			assert.ok([1000, 1001, 1002, 1005, 1006, 1011].includes(code), `${code} ${reason}`);
			assert.doesNotMatch(reason, /internal error/);
			if (code !== 1005 && code !== 1006) assert.equal(typeof JSON.parse(reason).message, 'string');
			for (const process of host.processes.values()) process.received.splice(0);
			await tend();
		});
		context.diagnostic(`closed with: ${[...codes].map(([code, times]) => `${code} ${times}`).join(', ')}`);
		assert.deepEqual(errors, [], 'the log has no error');
		requireConsistent({ store, host, engine }, 'afterwards');
	} finally {
		streams.close();
		server.close();
		await app.close();
		rmSync(directory, { recursive: true });
	}
});

async function converse(
	url: string,
	{ tagged, first, later }: Conversation,
): Promise<{ code: number; reason: string }> {
	const socket = new WebSocket(url, tagged ? [STREAMS_SUBPROTOCOL] : []);
	const closed = new Promise<{ code: number; reason: string }>((resolve) =>
		socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
	);
	socket.on('error', () => {});
	await once(socket, 'open');
	for (const frame of [first, ...later]) socket.send(frame);
	const timer = setTimeout(() => socket.close(), VISIT);
	const end = await closed;
	clearTimeout(timer);
	return end;
}
