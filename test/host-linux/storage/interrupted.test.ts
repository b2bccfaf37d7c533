/** Images whose making is interrupted, or whose server is silent: nothing of them is left. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Paths } from '#host/linux/paths.ts';
import { translateErrors } from '#host/linux/refusals.ts';
import { LinuxLayers } from '#host/linux/storage/layers.ts';
import type { ImageSource } from '#model/image.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { make } from '#model/step.ts';
import { identify } from '#os/linux/process.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { scratch, tarOf } from './scratch.ts';

function partOf(source: ImageSource): LayerPart {
	return { kind: 'layer', layer: 'abcdef012345', below: [], source, dns: false, localtime: false };
}

function making(images: LinuxLayers, source: ImageSource, signal?: AbortSignal): Promise<void> {
	const part = partOf(source);
	return translateErrors(make(part), () => images.make(part, signal ? { signal } : {}));
}

/** A server that answers a request and is silent from then on. */
async function serve(context: TestContext, answer: (response: ServerResponse) => void) {
	const asked = Promise.withResolvers<void>();
	const closed = Promise.withResolvers<void>();
	const server = createServer((request, response) => {
		request.socket.once('close', closed.resolve);
		answer(response);
		asked.resolve();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	context.after(() => {
		server.close();
		server.closeAllConnections();
	});
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/root.tar`;
	return { source: { kind: 'archive', url } as const, asked: asked.promise, closed: closed.promise };
}

const noise = Buffer.from(Array.from({ length: 400_000 }, (_, n) => (n * n * 31) % 251));
const archive = await tarOf(Array.from({ length: 4 }, (_, n) => ({ name: `f${n}`, content: noise })));
const half = (bytes: Buffer) => (response: ServerResponse) => {
	response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, bytes.length / 2));
};

const SERVERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
	'that does not answer': () => {},
	'that sends nothing behind the header': (response) => response.writeHead(200).flushHeaders(),
	'in the middle of plain tar': half(archive),
	'in the middle of gzip': half(gzipSync(archive)),
	'in the middle of zstd': half(zstdCompressSync(archive)),
	'in the middle of xz': half(execFileSync('xz', ['-0c'], { input: archive })),
};

for (const [name, answer] of Object.entries(SERVERS)) {
	test(`interrupted at a server ${name}`, async (context) => {
		const paths = new Paths(join(scratch(context), 'kleene'));
		const { source, asked, closed } = await serve(context, answer);
		const client = new AbortController();
		const reason = new Error('the client left');
		const made = making(new LinuxLayers(paths), source, client.signal);
		const outcome = assert.rejects(made, (error: Error & { cause?: unknown }) => [error, error.cause].includes(reason));
		await asked;
		client.abort(reason);
		await outcome;
		assert.deepEqual(readdirSync(paths.layers()), []);
		await closed;
	});

	test(`given up: a server ${name}`, async (context) => {
		const paths = new Paths(join(scratch(context), 'kleene'));
		const { source, closed } = await serve(context, answer);
		await assert.rejects(making(new LinuxLayers(paths, 300), source), {
			code: 'IMAGE_FAILED',
			why: /^could not fetch http:.*: the server sent nothing for 0\.3 s$/,
		});
		assert.deepEqual(readdirSync(paths.layers()), []);
		await closed;
	});
}

test('a slow server that goes on sending is not given up', async (context) => {
	const paths = new Paths(join(scratch(context), 'kleene'));
	const pieces = Array.from({ length: 10 }, (_, n) => archive.subarray((n * archive.length) / 10));
	const { source } = await serve(context, async (response) => {
		for (const [n, rest] of pieces.entries()) {
			response.write(rest.subarray(0, rest.length - (pieces[n + 1]?.length ?? 0)));
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
		response.end();
	});
	await making(new LinuxLayers(paths, 800), source);
	assert.deepEqual(readdirSync(paths.layer('abcdef012345')), ['f0', 'f1', 'f2', 'f3']);
});

test('what makes the base image ends with all that it started', async (context) => {
	const [directory, path] = [scratch(context), process.env.PATH];
	const tools = join(directory, 'bin');
	mkdirSync(tools);
	for (const name of ['setpriv', 'unshare']) symlinkSync(join('/usr/bin', name), join(tools, name));

	const script = `#!/bin/sh
echo "$@" >${directory}/words
/bin/sleep 300 &
: >${directory}/begun
wait`;
	writeFileSync(join(tools, 'mmdebstrap'), script);
	chmodSync(join(tools, 'mmdebstrap'), 0o755);
	const paths = new Paths(join(directory, 'kleene'));
	const client = new AbortController();
	process.env.PATH = tools;
	try {
		const made = making(new LinuxLayers(paths, 7000), { kind: 'distribution' }, client.signal);
		const outcome = assert.rejects(made, /the client left/);
		await eventually('mmdebstrap works', () => readdirSync(directory).includes('begun'));
		const started = processesBelow(process.pid);
		assert.ok(started.length >= 3, 'unshare, mmdebstrap and its child');
		client.abort(new Error('the client left'));
		await outcome;
		for (const pid of started) await eventually(`${pid} has ended`, () => identify(pid) === undefined);
	} finally {
		process.env.PATH = path;
	}
	assert.match(readFileSync(join(directory, 'words'), 'utf8'), /--aptopt=Acquire::http::Timeout "7";/);
	assert.deepEqual(readdirSync(paths.layers()), []);
});

function processesBelow(pid: number): number[] {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
	return children.flatMap((child) => [child, ...processesBelow(child)]);
}
