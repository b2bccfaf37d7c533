/** Bytes that are not UTF-8: they arrive as they are, or are refused, and never arrive as others. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { run } from '#test/testbed/command.ts';
import { KLEE } from '#test/testbed/programs/paths.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('run', '-d', '--name', 'c1', 'Debian', 'sleep', '3600');
});
after(() => host.close());

/** In a shell whose `$\'...\'` makes any bytes. `$K` is klee. */
const shell = (script: string) =>
	run(['/bin/bash', '-c', script], { env: { ...host.environment, K: KLEE }, cwd: host.folder });

test('arguments and variables that are no text are refused by name', async () => {
	const refused = async (script: string, what: RegExp) => {
		const { stdout, stderr, code } = await shell(script);
		assert.deepEqual([code, stdout], [125, ''], stderr);
		assert.match(stderr, what);
	};
	await refused(`$K exec c1 printf %s $'a\\xffb'`, /error: argument 5 is not UTF-8 text/);
	await refused(`$K exec -e $'X=\\xff' c1 env`, /error: argument 3 is not UTF-8 text/);
	await refused(`X=$'\\xff' $K exec -e X c1 env`, /error: environment variable X is not UTF-8 text/);
	writeFileSync(join(host.folder, 'vars'), Buffer.from('A=\xff\n', 'latin1'));
	await refused('$K exec --env-file vars c1 env', /error: file vars is not UTF-8 text/);
	// Somebody who means that character gets it.
	const { stdout } = await shell(`X='\u{fffd}é' $K exec -e X c1 printenv X '\u{fffd}' X`);
	assert.equal(stdout, '\u{fffd}é\n\u{fffd}é\n');
});

const NAME = Buffer.from('f\xff\xe9', 'latin1');
const at = (...parts: readonly (string | Buffer)[]) =>
	Buffer.concat(parts.flatMap((part, index) => [Buffer.from(index === 0 ? '' : '/'), Buffer.from(part)]));

/** A directory with names of bytes, a long one too. */
function fill(directory: string): void {
	mkdirSync(join(directory), { recursive: true });
	writeFileSync(at(directory, NAME), 'content');
	mkdirSync(at(directory, 'd\xc3', NAME), { recursive: true });
	writeFileSync(at(directory, 'd\xc3', NAME, Buffer.alloc(150, 0xfe)), 'deep');
	symlinkSync(NAME, join(directory, 'link'));
}

test('klee cp takes file names of any bytes in and out again', async () => {
	const source = join(host.folder, 'source');
	fill(source);
	await host.kleeOutput('cp', source, 'c1:/tmp/in');
	const listed = await shell(
		`$K exec c1 sh -c 'cd /tmp/in && find . -type f | LC_ALL=C sort' | od -An -tx1 | tr -d ' \\n'`,
	);
	const expected = (await shell(`cd source && find . -type f | LC_ALL=C sort | od -An -tx1 | tr -d ' \\n'`)).stdout;
	assert.equal(listed.stdout, expected, listed.stderr);
	const out = join(host.folder, 'out');
	await host.kleeOutput('cp', 'c1:/tmp/in', out);
	const names = (path: string | Buffer) => readdirSync(path, { encoding: 'buffer' }).map(String).sort();
	assert.deepEqual(names(out), names(source));
	assert.equal(readFileSync(at(out, NAME), 'utf8'), 'content');
	assert.equal(readFileSync(at(out, 'd\xc3', NAME, Buffer.alloc(150, 0xfe)), 'utf8'), 'deep');
	assert.deepEqual(readlinkSync(join(out, 'link'), { encoding: 'buffer' }), NAME);
});

test('a build has the file names of its context', async () => {
	const context = join(host.folder, 'context');
	fill(join(context, 'files'));
	writeFileSync(join(context, 'Dockerfile'), 'FROM Debian\nCOPY files /files\n');
	await host.kleeOutput('build', '-t', 'named', context);
	const { stdout } = await shell(`$K run --rm named sh -c 'cat /files/link /files/d*/*/*'`);
	assert.equal(stdout, 'contentdeep');
});
