/** Every command of klee with hostile words against a daemon on a host in memory: an outcome or a refusal, never a stack. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Argument, Command, Option } from 'commander';
import fc from 'fast-check';
import { commandTree } from '#cli/syntax/tree.ts';
import { Streams } from '#daemon/streams/upgrade.ts';
import type { HostProcess, RunRequest } from '#host/driver.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { FakeProcess } from '#host/fake/process.ts';
import { klee } from '#test/cli/run-klee.ts';
import { SILENT } from '#test/engine/fixture.ts';
import { holds } from './amount.ts';
import { startApi } from './api-world.ts';
import { TEXTS, textFor } from './from-schema.ts';

/** Milliseconds that a command may take, on a busy machine. */
const PATIENCE = 15_000;

/** Words that name files of this machine: what a command would read or write. */
const LOCAL = /FILE|PATH|DIR|CONTEXT|ARCHIVE/i;
/** Commands that read or write files here whatever their arguments are called. */
const LOCAL_COMMANDS = ['build', 'cp', 'save', 'load', 'export', 'import', 'backup', 'login'];
/** They go on until somebody interrupts them. */
const ENDLESS = /^(-f|--follow)\b/;
const ENDLESS_COMMANDS = ['events', 'attach', 'stats', 'top', 'wait', 'console', 'capture'];

/** They exit with 1 for what they found, without an error. */
const REPORTING = ['doctor', 'trace'];

/** In place of an error where nobody confirmed, as the original says it. */
const ABORTED = /^Aborted!$/m;

/** Its processes end as soon as they have been started, so that attached commands do. */
class ShortHost extends FakeHost {
	override async run(request: RunRequest): Promise<HostProcess> {
		if (request.kind === 'additional') {
			const process = new FakeProcess();
			setImmediate(() => process.end({ code: 0, sandboxEnded: false }));
			return process;
		}
		const process = await super.run(request);
		setImmediate(() => this.endContainer(request.container, 0));
		return process;
	}
}

/** Texts that mean something to an argument, by its name in the help, and any other. */
function wordFor(name: string): fc.Arbitrary<string> {
	const field = /NETWORK/i.test(name) ? 'network' : /IMAGE/i.test(name) ? 'image' : 'container';
	const any = fc.constantFrom(...TEXTS.filter((text) => !text.includes('\0')), '--', '-', '--dry-run', '--json');
	return fc.oneof({ weight: 3, arbitrary: textFor(field) }, { weight: 2, arbitrary: any });
}

function wordsOf(argument: Argument): fc.Arbitrary<string[]> {
	const word = argument.argChoices ? fc.constantFrom(...argument.argChoices, 'other') : wordFor(argument.name());
	return fc.array(word, { maxLength: argument.variadic ? 3 : 1 });
}

function optionWords(option: Option): fc.Arbitrary<string[]> {
	const flag = option.long ?? option.short ?? '';
	if (!option.required && !option.optional) return fc.constant([flag]);
	const choices = option.argChoices ? fc.constantFrom(...option.argChoices, 'other') : wordFor(option.flags);
	const value = LOCAL.test(option.flags) ? fc.constantFrom('/nonexistent/file', '') : choices;
	return fc.tuple(value, fc.boolean()).map(([text, joined]) => (joined ? [`${flag}=${text}`] : [flag, text]));
}

/** Command lines of all commands below this one, aside from those that touch files of this machine or never end. */
function linesOf(command: Command, path: readonly string[] = []): fc.Arbitrary<string[]>[] {
	if (command.commands.length > 0) return command.commands.flatMap((one) => linesOf(one, [...path, one.name()]));
	const isLocal = command.registeredArguments.some((argument) => LOCAL.test(argument.name()));
	if (isLocal || [...LOCAL_COMMANDS, ...ENDLESS_COMMANDS].includes(command.name())) return [];
	const options = command.options.filter(
		({ flags }) => !ENDLESS.test(flags) && !/--(attach|interactive)\b/.test(flags),
	);
	const given =
		options.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...options).chain(optionWords), { maxLength: 4 });
	const operands = fc.tuple(...command.registeredArguments.map(wordsOf));
	return [fc.tuple(given, operands).map(([some, others]) => [...path, ...some.flat(), ...others.flat()])];
}

test('every command line ends with an outcome or a refusal with a hint', async (context) => {
	const world = await startApi(new ShortHost());
	const directory = mkdtempSync(join(tmpdir(), 'kleene-cli-'));
	const server = createServer((request, response) => world.app.routing(request, response));
	const streams = new Streams(world.engine, SILENT);
	streams.attachTo(server);
	await once(server.listen(join(directory, 'socket')), 'listening');
	// Contexts are files of the home directory.
	const env = { HOME: directory, KLEE_HOST: `http://${directory}/socket`, NO_COLOR: '1' };
	const lines = linesOf(commandTree());
	assert.ok(lines.length > 40, 'commands are found in the tree');
	const codes = new Map<number | null, number>();
	try {
		await holds(context, { count: 500, of: fc.oneof(...lines), stateful: true }, async (words) => {
			const began = performance.now();
			const { code, stdout, stderr } = await klee(words, { env });
			const took = performance.now() - began;
			const said = `klee ${JSON.stringify(words)} ended with ${code}: ${stderr}`;
			assert.ok(took < PATIENCE, `${took} ms: ${said}`);
			assert.doesNotMatch(
				stderr + stdout,
				/^\s+at .*:\d+:\d+|internal error|TypeError|\[object Object\]|undefined/m,
				said,
			);
			const reports = (REPORTING.some((name) => words.includes(name)) && stderr === '') || ABORTED.test(stderr);
			if (!reports) assert.equal(/^error: /m.test(stderr), code !== 0, said);
			if (code !== 0 && !reports) assert.match(stderr, /^ hint: /m, said);
			codes.set(code, (codes.get(code) ?? 0) + 1);
			await world.tend();
		});
		context.diagnostic(`exit codes: ${[...codes].map(([code, times]) => `${code} ${times}`).join(', ')}`);
		assert.deepEqual(world.errors, [], 'the log of the daemon has no error');
	} finally {
		streams.close();
		server.closeAllConnections();
		server.close();
		await world.app.close();
		rmSync(directory, { recursive: true });
	}
});
