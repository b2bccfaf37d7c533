/** Log files as conmon writes and replaces them, and readers of them. */
import assert from 'node:assert/strict';
import {
	appendFileSync,
	mkdtempSync,
	readdirSync,
	readlinkSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { LogDirectory } from '#host/linux/sandbox/log/log-directory.ts';
import { readLog } from '#host/linux/sandbox/log/log-reader.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import { eventually } from '#test/testbed/eventually.ts';

let directory: LogDirectory;

beforeEach(() => {
	directory = new LogDirectory(join(mkdtempSync(join(tmpdir(), 'log-')), 'log'));
	directory.prepare();
});
afterEach(() => rmSync(join(directory.path, '..'), { recursive: true }));

const record = (text: string, tag = 'F', stream = 'stdout') =>
	`2026-11-30T20:24:26.527071623+00:00 ${stream} ${tag} ${text}\n`;

const append = (...lines: readonly string[]) =>
	appendFileSync(directory.current, lines.map((one) => record(one)).join(''));

/** As conmon does. */
function replace(): void {
	writeFileSync(`${directory.current}.tmp`, '');
	renameSync(`${directory.current}.tmp`, directory.current);
}

const textOf = (batch: LogBatch) => batch.map((one) => (one.kind === 'gap' ? '(gap)' : `${one.content}`));

async function read(request: Partial<LogRequest> = {}): Promise<string[]> {
	const lines: string[] = [];
	const abandoned = new AbortController().signal;
	for await (const batch of readLog(directory, { container: 'c', abandoned, ...request })) lines.push(...textOf(batch));
	return lines;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

test('a file that was replaced is still read', async () => {
	append('1', '2');
	directory.settle();
	replace();
	append('3');
	assert.deepEqual(await read(), ['1', '2', '3']);
	directory.settle();
	replace();
	append('4');
	assert.deepEqual(await read(), ['3', '4']);
	assert.deepEqual(readdirSync(directory.path).sort(), ['current', 'held', 'older']);
});

test('where conmon was quicker, the reader is told that output is missing', async () => {
	append('1');
	directory.settle();
	replace();
	append('lost');
	const replaced = statSync(join(directory.path, 'held'), { bigint: true }).ctimeNs;
	// The clock of files is a coarse one.
	await eventually('the next file is younger', async () => {
		replace();
		return statSync(directory.current, { bigint: true }).birthtimeNs > replaced;
	});
	append('3');
	assert.deepEqual(await read(), ['1', '(gap)', '3']);
	assert.deepEqual(await read({ tail: 2 }), ['1', '(gap)', '3']);
	assert.deepEqual(await read({ tail: 1 }), ['3']);
});

test('the last lines, from the end and over both files', async () => {
	append(...numbers(1, 20_000));
	directory.settle();
	replace();
	append(...numbers(20_001, 30_000));
	for (const tail of [0, 1, 2, 9_999, 10_000, 10_001, 25_000, 30_000, 40_000])
		assert.deepEqual(await read({ tail }), numbers(30_001 - Math.min(tail, 30_000), 30_000), `${tail}`);
});

test('a line in several records is one line, one that is not ended is one too', async () => {
	const lines = [record('a'), record('b1', 'P'), record('e', 'F', 'stderr'), record('b2'), record('open', 'P')];
	writeFileSync(directory.current, lines.join(''));
	assert.deepEqual(await read({ tail: 1 }), ['open']);
	assert.deepEqual(await read({ tail: 2 }), ['b2', 'open']);
	assert.deepEqual(await read({ tail: 4 }), ['a', 'b1', 'e', 'b2', 'open']);
});

test('a file that is no log gives what is one in it', async () => {
	const junk = Buffer.alloc(300_000, 0);
	writeFileSync(directory.current, Buffer.concat([junk, Buffer.from(`\n${record('one')}`), junk]));
	assert.deepEqual(await read(), ['one']);
	assert.deepEqual(await read({ tail: 5 }), ['one']);
});

test('a follower sees every line across replaced files, until the end and what was written before it', async () => {
	const over = new AbortController();
	append('0');
	const lines: string[] = [];
	const following = (async () => {
		const abandoned = new AbortController().signal;
		for await (const batch of readLog(directory, { container: 'c', abandoned, follow: over.signal }))
			lines.push(...textOf(batch));
	})();
	for (let i = 1; i <= 300; i += 1) {
		append(`${i}`);
		// A reader that has not come to this file yet when the next one is there cannot know that there is none between.
		if (i % 50 === 1) await eventually('it has come to this file', async () => lines.length === i + 1);
		if (i % 50 !== 0) continue;
		directory.settle();
		replace();
	}
	append('last');
	over.abort();
	await following;
	assert.deepEqual(lines, [...numbers(0, 300), 'last']);
});

test('a reader that leaves is not waited for, and has no file open any more', async () => {
	append('1');
	const abandoned = new AbortController();
	const reader = readLog(directory, {
		container: 'c',
		abandoned: abandoned.signal,
		follow: new AbortController().signal,
	});
	assert.deepEqual(textOf((await reader.next()).value ?? []), ['1']);
	const next = reader.next();
	abandoned.abort();
	assert.equal((await next).done, true);
	const open = readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`));
	assert.deepEqual(
		open.filter((path) => path.startsWith(directory.path)),
		[],
	);
});

function linkOf(path: string): string {
	try {
		return readlinkSync(path);
	} catch {
		return '';
	}
}
