import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalShell } from '#os/shell/local.ts';
import { Script, sh } from '#os/shell/quote.ts';
import { ConnectionLost, type ShellOptions } from '#os/shell/shell.ts';
import { eventually } from '#test/testbed/eventually.ts';

function scratch(t: TestContext): string {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-shell-'));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	return directory;
}

function localShell(t: TestContext, options: ShellOptions = {}): LocalShell {
	const shell = new LocalShell(options);
	t.after(() => shell.close());
	return shell;
}

/** Of exchanges that are under way. */
function notesIn(batch: string): string[] {
	return readdirSync(batch).filter((name) => !name.endsWith('.at') && readFileSync(join(batch, name), 'utf8') !== '');
}

const section = (name: string, script: Script) => ({ name, script });

test('each section has its own output, error output and exit code', async (t) => {
	const results = await localShell(t).exchange([
		section('a', sh`echo one; echo two >&2`),
		section('b', sh`printf ${'no newline'}; printf ${'grüße\n\n'} >&2`),
		section('c', sh`:`),
		section('d', sh`cat; echo "$LC_ALL"; pwd`),
	]);
	assert.deepEqual(results, [
		{ name: 'a', code: 0, stdout: 'one\n', stderr: 'two\n' },
		{ name: 'b', code: 0, stdout: 'no newline', stderr: 'grüße\n\n' },
		{ name: 'c', code: 0, stdout: '', stderr: '' },
		{ name: 'd', code: 0, stdout: 'C\n/\n', stderr: '' },
	]);
});

test('it stops at the first section that fails, or goes on', async (t) => {
	const shell = localShell(t);
	const sections = [
		section('good', sh`echo fine`),
		section('bad', sh`echo before; false; echo after`),
		section('never', sh`echo more`),
	];
	const stopped = await shell.exchange(sections);
	assert.deepEqual(
		stopped.map(({ name, code, stdout }) => [name, code, stdout]),
		[
			['good', 0, 'fine\n'],
			['bad', 1, 'before\n'],
		],
	);
	const all = await shell.exchange(sections, { keepGoing: true });
	assert.deepEqual(
		all.map(({ code }) => code),
		[0, 1, 0],
	);
});

test('a mistake of syntax, an exit and a kill are the own affair of a section', async (t) => {
	const results = await localShell(t).exchange(
		[
			section('quote', new Script(`echo 'never closed`)),
			section('brace', new Script('} )) fi')),
			section('here', new Script('cat <<END\nno end')),
			section('exit', sh`exit 7`),
			section('variable', sh`token=stolen; kleene_mark() { :; }; exec 3>&-`),
			section('kill', sh`sh -c ${'kill -9 $$'}`),
			section('last', sh`echo "still here [$token]"`),
		],
		{ keepGoing: true },
	);
	assert.deepEqual(
		results.map(({ name, code }) => [name, code === 0]),
		[
			['quote', false],
			['brace', false],
			['here', true],
			['exit', false],
			['variable', true],
			['kill', false],
			['last', true],
		],
	);
	assert.equal(results[3]!.code, 7);
	assert.equal(results[5]!.code, 137);
	assert.equal(results[6]!.stdout, 'still here []\n');
});

test('megabytes, long lines and lines of progress', async (t) => {
	const lines: string[] = [];
	const results = await localShell(t).exchange(
		[
			section(
				'big',
				sh`head -c 3000000 /dev/zero | tr ${'\\0'} x; echo; head -c 2000000 /dev/zero | tr ${'\\0'} y >&2`,
			),
			section('lines', sh`for i in 1 2 3; do echo "line $i"; done; printf rest`),
		],
		{ onOutput: (name, line) => name === 'lines' && lines.push(line) },
	);
	assert.equal(results[0]!.stdout, `${'x'.repeat(3_000_000)}\n`);
	assert.equal(results[0]!.stderr, 'y'.repeat(2_000_000));
	assert.deepEqual(lines, ['line 1\n', 'line 2\n', 'line 3\n', 'rest\n']);
});

test('many sections and a large script', async (t) => {
	const text = "it's a 'test' \\ ".repeat(400);
	const sections = Array.from({ length: 200 }, (_, n) => section(`${n}`, sh`printf ${'%s'} ${`${n} ${text}`}`));
	const results = await localShell(t).exchange(sections);
	assert.equal(results.length, 200);
	for (const [n, { stdout }] of results.entries()) assert.equal(stdout, `${n} ${text}`);
});

test('what a section leaves running does not hold up the exchange', async (t) => {
	const started = Date.now();
	const results = await localShell(t).exchange([
		section('child', sh`sleep 5 & echo $!`),
		section('next', sh`echo next`),
	]);
	assert.ok(Date.now() - started < 4000);
	assert.equal(results[1]!.stdout, 'next\n');
	process.kill(Number(results[0]!.stdout));
});

test('several exchanges at a time', async (t) => {
	const shell = localShell(t, { batch: join(scratch(t), 'batch') });
	const all = await Promise.all(
		Array.from({ length: 12 }, (_, n) => shell.exchange([section('n', sh`sleep 0.05; echo ${n}`)])),
	);
	assert.deepEqual(
		all.map(([result]) => result!.stdout.trim()),
		Array.from({ length: 12 }, (_, n) => `${n}`),
	);
});

test('the shell of an exchange is noted while it runs', async (t) => {
	const batch = join(scratch(t), 'batch');
	const shell = localShell(t, { batch });
	for (const _ of [1, 2]) {
		const [listing] = await shell.exchange([section('list', sh`cat ${batch}/*; ps -o args= -p $$`)]);
		const [noted, command] = listing!.stdout.trim().split('\n');
		assert.match(noted!, /^\d+ [0-9a-f]{32}$/);
		assert.match(command!, new RegExp(`kleene-exchange-${noted!.split(' ')[1]}`));
	}
	assert.deepEqual(readdirSync(batch), ['0'], 'the note is used again');
	assert.deepEqual(notesIn(batch), []);
});

test('sections that share a shell: what one sets is there in the next, until one fails or leaves', async (t) => {
	const shell = localShell(t, { batch: join(scratch(t), 'batch') });
	const sections = [
		section(
			'first',
			sh`shared=yes; umask 077; cd /tmp; set +e; trap ${'echo trapped'} EXIT; echo $(exec sh -c ${'echo $PPID'})`,
		),
		section('second', sh`echo "$shared $(umask) $(pwd)"; echo $(exec sh -c ${'echo $PPID'})`),
		section('failing', sh`echo before; false; echo after`),
		section('after', sh`echo "[$shared]"; shared=again`),
		section('leaving', sh`exit 0`),
		section('syntax', new Script('} )) fi')),
		section('killed', sh`kill -9 $(exec sh -c ${'echo $PPID'})`),
		section('undone', sh`trap ${'echo undone'} EXIT; exit 7`),
		section('last', sh`echo "[$shared]"; echo error >&2`),
	];
	const all = await shell.exchange(sections, { together: true, keepGoing: true });
	assert.deepEqual(
		all.map(({ name, code }) => [name, code === 0 || code === 7 || code === 137 ? code : 'fails']),
		[
			['first', 0],
			['second', 0],
			['failing', 'fails'],
			['after', 0],
			['leaving', 0],
			['syntax', 'fails'],
			['killed', 137],
			['undone', 7],
			['last', 0],
		],
	);
	const [first, second, failing, after, , , , undone, last] = all.map(({ stdout }) => stdout);
	assert.equal(second, `yes 0022 /\n${first}`);
	assert.deepEqual([failing, after, undone, last], ['before\n', '[]\n', 'undone\n', '[]\n']);
	assert.equal(all.at(-1)!.stderr, 'error\n');
	const stopped = await shell.exchange(sections, { together: true });
	assert.deepEqual(
		stopped.map(({ code }) => code),
		[0, 0, 1],
	);
});

test('an exchange that takes too long is given up, and ended with all that it started', async (t) => {
	const directory = scratch(t);
	const shell = localShell(t, { batch: join(directory, 'batch') });
	const late = shell.exchange(
		[
			section('quick', sh`echo quick`),
			section('slow', sh`sleep 60 & echo $! >${directory}/pid; wait; echo no >${directory}/went-on`),
		],
		{ timeout: 3000 },
	);
	await assert.rejects(late, (error) => {
		assert.ok(error instanceof ConnectionLost);
		assert.equal(error.started, true);
		assert.deepEqual(
			error.done.map(({ name }) => name),
			['quick'],
		);
		return true;
	});
	await eventually('the shell is noted no more', () => notesIn(join(directory, 'batch')).length === 0);
	await delay(100);
	assert.deepEqual(readdirSync(directory).sort(), ['batch', 'pid']);
	const [{ stdout } = assert.fail()] = await shell.exchange([
		section('look', sh`ps -o stat= -p "$(cat ${directory}/pid)" | grep -v Z || :`),
	]);
	assert.equal(stdout, '');
});

test('the exchange of a daemon that was killed is waited for, and killed when it takes too long', async (t) => {
	const directory = scratch(t);
	const batch = join(directory, 'batch');
	// Closing gives up on it, as a daemon that is killed does.
	const first = new LocalShell({ batch });
	const begun = Promise.withResolvers<void>();
	const lost = first.exchange([section('slow', sh`echo begun; sleep 3; echo done >${directory}/first`)], {
		onOutput: () => begun.resolve(),
	});
	await begun.promise;
	const refused = assert.rejects(lost, ConnectionLost);
	await first.close();
	await refused;
	const [look] = await localShell(t, { batch }).exchange([section('look', sh`cat ${directory}/first`)]);
	assert.equal(look!.stdout, 'done\n');

	const second = new LocalShell({ batch });
	const again = Promise.withResolvers<void>();
	const stuck = second.exchange([section('stuck', sh`echo begun; sleep 60; echo done >${directory}/second`)], {
		onOutput: () => again.resolve(),
	});
	await again.promise;
	const refusedToo = assert.rejects(stuck, ConnectionLost);
	await second.close();
	await refusedToo;
	const started = Date.now();
	await localShell(t, { batch, settle: 500 }).exchange([section('look', sh`:`)]);
	assert.ok(Date.now() - started < 8000);
	assert.deepEqual(readdirSync(directory).sort(), ['batch', 'first']);
	assert.deepEqual(notesIn(batch), []);
});

test('a note whose process id belongs to somebody else kills nobody', async (t) => {
	const batch = scratch(t);
	writeFileSync(join(batch, '3'), `${process.pid} ${'f'.repeat(32)}\n`);
	await localShell(t, { batch, settle: 0 }).exchange([section('look', sh`:`)]);
	assert.deepEqual(notesIn(batch), []);
});

test('a session has streams of its own, and its exit code', async (t) => {
	const session = await localShell(t).open(sh`cat; echo error >&2; exit 9`);
	const chunks: Buffer[] = [];
	session.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
	const errors: Buffer[] = [];
	session.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
	const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, n) => n % 256));
	session.stdin.end(bytes);
	assert.equal(await session.exited, 9);
	await Promise.all(
		[session.stdout, session.stderr].map((s) => s.closed || new Promise((done) => s.once('close', done))),
	);
	assert.ok(Buffer.concat(chunks).equals(bytes));
	assert.equal(Buffer.concat(errors).toString(), 'error\n');
});
