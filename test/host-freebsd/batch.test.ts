import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import { applyBatch } from '#host/freebsd/batch.ts';
import type { PartHandlers } from '#host/freebsd/handler.ts';
import { refusal } from '#host/freebsd/refusals.ts';
import { make, type Step, unmake } from '#model/step.ts';
import { identify } from '#os/linux/process.ts';
import { LocalShell } from '#os/shell/local.ts';
import { sh } from '#os/shell/quote.ts';
import { SshShell } from '#os/shell/ssh.ts';
import { TestSshd, withoutSshd } from '../os/shell/sshd.ts';
import { eventually } from '../testbed/eventually.ts';
import { killIfThere } from './sandbox/runner-place.ts';

/** Addresses are files in a directory: a kind of part that a real shell can make anywhere. */
function addresses(directory: string): PartHandlers {
	const file = (address: string) => join(directory, address.replace('/', '_'));
	const handler: PartHandlers['interface-address'] = {
		make: ({ address }) => {
			if (address === 'unsayable')
				throw new KleeneError({ code: 'UNSUPPORTED_HERE', what: 'w', why: 'no such thing here', hint: 'm' });
			const taken = refusal({
				code: 'ADDRESS_TAKEN',
				what: `cannot add ${address}`,
				why: sh`"$found has it\nalready"`,
				hint: "choose another, it's taken",
			});
			return sh`echo ${`adding ${address}`}
[ ${address} != taken ] || { found=em0; ${taken}; }
[ ${address} != broken ] || { echo ${'ifconfig: bad value'} >&2; exit 3; }
[ ${address} != slow ] || sh -c ${'echo $$ >"$0"; exec sleep 10'} ${join(directory, 'sleeper')}
: >${file(address)}`;
		},
		unmake: ({ address }) => sh`rm -f ${file(address)}`,
		describe: (verb, { interface: name, address }) => [
			`ifconfig ${name} ${address} ${verb === 'make' ? 'alias' : '-alias'}`,
		],
	};
	return { 'interface-address': handler } as unknown as PartHandlers;
}

function place(t: TestContext): { directory: string; handlers: PartHandlers; has(address: string): boolean } {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-batch-'));
	t.after(() => {
		killIfThere(join(directory, 'sleeper'));
		rmSync(directory, { recursive: true, force: true });
	});
	return { directory, handlers: addresses(directory), has: (address) => existsSync(join(directory, address)) };
}

const address = (text: string) => ({ kind: 'interface-address', interface: 'kleene0', address: text }) as const;
const steps = (...texts: string[]): Step[] => texts.map((text) => make(address(text)));

async function refused(promise: Promise<void>): Promise<KleeneError> {
	const error = await promise.then(
		() => assert.fail('it was done'),
		(thrown: unknown) => thrown,
	);
	assert.ok(isKleeneError(error), String(error));
	return error;
}

test('steps in order, with progress, and what they did is done', async (t) => {
	const { handlers, has } = place(t);
	const progress: string[] = [];
	const done: number[] = [];
	const options = { progress: (text: string) => progress.push(text), onDone: (count: number) => done.push(count) };
	await applyBatch(new LocalShell(), handlers, [...steps('a', 'b'), unmake(address('a'))], options);
	assert.deepEqual(progress, ['adding a\n', 'adding b\n']);
	assert.deepEqual(done, [1, 2, 3]);
	assert.deepEqual([has('a'), has('b')], [false, true]);
});

test('what a step requires is looked at before the first is done, unless all are tried', async (t) => {
	const { directory, handlers, has } = place(t);
	const require = ({ address }: { address: string }) => sh`[ ${address} != b ] || [ -e ${join(directory, 'ready')} ]`;
	const asking = { 'interface-address': { ...handlers['interface-address'], require } } as unknown as PartHandlers;
	const done: number[] = [];
	const options = { onDone: (count: number) => done.push(count) };
	await assert.rejects(applyBatch(new LocalShell(), asking, steps('a', 'b'), options));
	assert.deepEqual([has('a'), has('b'), done], [false, false, []]);
	await assert.rejects(applyBatch(new LocalShell(), asking, steps('a', 'broken', 'b'), { keepGoing: true }));
	assert.deepEqual([has('a'), has('b')], [true, true]);
	writeFileSync(join(directory, 'ready'), '');
	await applyBatch(new LocalShell(), asking, steps('c', 'b'), options);
	assert.deepEqual([has('c'), done], [true, [1, 2]]);
});

test('a refusal of the host comes as it was meant, and nothing after it is done', async (t) => {
	const { handlers, has } = place(t);
	const done: number[] = [];
	const failed: string[] = [];
	const options = {
		onDone: (count: number) => done.push(count),
		onFailure: ({ part }: Step) => failed.push((part as { address: string }).address),
	};
	const error = await refused(applyBatch(new LocalShell(), handlers, steps('a', 'taken', 'b'), options));
	assert.equal(error.code, 'ADDRESS_TAKEN');
	assert.deepEqual(
		[error.what, error.why, error.hint],
		['cannot add taken', 'em0 has it already', "choose another, it's taken"],
	);
	assert.deepEqual([done, failed], [[1], ['taken']]);
	assert.deepEqual([has('a'), has('b')], [true, false]);
});

test('any other failure names the step and the reason', async (t) => {
	const { handlers } = place(t);
	const error = await refused(applyBatch(new LocalShell(), handlers, steps('broken')));
	assert.equal(error.code, 'HOST_FAILED');
	assert.equal(error.what, 'cannot set up address broken of kleene0');
	assert.equal(error.why, 'ifconfig: bad value');
	assert.match(error.hint, /ifconfig kleene0 broken alias/);
});

test('all are tried where that is asked for, and the first error is thrown', async (t) => {
	const { handlers, has } = place(t);
	const failed: string[] = [];
	const onFailure = ({ part }: Step) => failed.push((part as { address: string }).address);
	const all = steps('a', 'unsayable', 'broken', 'taken', 'b');
	const error = await refused(applyBatch(new LocalShell(), handlers, all, { keepGoing: true, onFailure }));
	assert.equal(error.code, 'UNSUPPORTED_HERE');
	assert.deepEqual(failed, ['unsayable', 'broken', 'taken']);
	assert.deepEqual([has('a'), has('b')], [true, true]);
});

test('nothing is begun where a step cannot even be said', async (t) => {
	const { handlers, has } = place(t);
	const error = await refused(applyBatch(new LocalShell(), handlers, steps('a', 'unsayable')));
	assert.equal(error.code, 'UNSUPPORTED_HERE');
	assert.equal(has('a'), false);
});

test('where the connection is lost, all may have been done', { skip: withoutSshd }, async (t) => {
	const { handlers } = place(t);
	const sshd = await TestSshd.start(t);
	const shell = await SshShell.connect(sshd.access(), { warn() {}, info() {} });
	t.after(() => shell.close());
	const done: number[] = [];
	let begun = false;
	const options = {
		onDone: (count: number) => done.push(count),
		progress: (text: string) => {
			begun ||= text === 'adding slow\n';
		},
	};
	const lost = refused(applyBatch(shell, handlers, steps('a', 'slow', 'b'), options));
	await eventually('the slow one begins', () => begun);
	sshd.cut();
	const error = await lost;
	assert.equal(error.code, 'HOST_UNREACHABLE');
	assert.deepEqual(done, [1, 3]);
});

test('a step whose signal is aborted ends with all that it started, and can be undone at once', async (t) => {
	const { directory, handlers, has } = place(t);
	const shell = new LocalShell({ batch: join(directory, 'batch') });
	t.after(() => shell.close());
	const client = new AbortController();
	const done: number[] = [];
	const options = { signal: client.signal, onDone: (count: number) => done.push(count) };
	const making = applyBatch(shell, handlers, steps('a', 'slow', 'b'), options);
	const outcome = assert.rejects(making, /the client left/);
	await eventually('the slow step is at work', () => pidIn(join(directory, 'sleeper')) !== undefined);
	const sleeper = pidIn(join(directory, 'sleeper'))!;
	client.abort(new Error('the client left'));
	await outcome;
	assert.equal(done.at(-1), 3, 'any of them may be done');
	await applyBatch(
		shell,
		handlers,
		['b', 'slow', 'a'].map((text) => unmake(address(text))),
		{ keepGoing: true },
	);
	await eventually('it has ended', () => identify(sleeper) === undefined);
	assert.ok(!has('a') && !has('slow') && !has('b'));
});

function pidIn(file: string): number | undefined {
	const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
	return text.endsWith('\n') ? Number(text) : undefined;
}
