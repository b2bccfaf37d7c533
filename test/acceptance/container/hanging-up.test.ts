/** A client that is killed: what becomes of the process that it was attached to. */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '#os/linux/process.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { Conversation } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { processesOf } from '#test/testbed/snapshot.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
/** Of the container, as `/proc/PID/ns/pid` names it. */
let processIds: string;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('run', '-d', '--name', 'c1', 'Debian', 'sleep', '3600');
	const [container] = await host.kleeJson<{ jid: number }[]>('lsc');
	processIds = processNamespaceOf(container?.jid ?? 0) ?? '';
	assert.notEqual(processIds, '');
});
after(() => host.close());

function processNamespaceOf(pid: number): string | undefined {
	try {
		return readlinkSync(`/proc/${pid}/ns/pid`);
	} catch {
		return undefined; // It has just ended.
	}
}

/** Of the processes in the container that clients were attached to, and their conmons. */
const left = () =>
	processesOf(host.root).filter(
		({ pid, command }) =>
			(processNamespaceOf(pid) === processIds && /bash|sleep 3599|trap/.test(command)) ||
			(command.includes(host.root) && command.includes('--exec')),
	);

/** klee itself: where it has a terminal, its parent is the program that gives it one. */
function killKlee({ child }: Conversation, hasTerminal: boolean): void {
	const pid = child.pid ?? 0;
	process.kill(hasTerminal ? (childrenOf(pid)[0] ?? 0) : pid, 'SIGKILL');
}

async function untilGone(): Promise<void> {
	for (let tries = 0; left().length > 0; tries += 1) {
		assert.ok(
			tries < 300,
			`what is left: ${left()
				.map(({ command }) => command)
				.join('\n')}`,
		);
		await sleep(100);
	}
}

const TERMINAL = { rows: 24, columns: 80 };

test('an interactive shell ends, idle or with a command in the foreground', async () => {
	for (const command of ['', 'sleep 3599\r']) {
		const talk = host.converse(['exec', '-it', 'c1', '/bin/bash', '--norc'], TERMINAL);
		await talk.until(/[#$] $/);
		talk.type(command);
		// The terminal echoes before the shell has forked: a hang-up in between reaches the shell alone.
		if (command !== '') await eventually('sleep runs', () => left().some((one) => one.command === 'sleep 3599'));
		killKlee(talk, true);
		await untilGone();
	}
});

test('without a terminal it is asked by SIGTERM', async () => {
	const script = 'trap "exit 0" TERM; echo begun; while :; do sleep 0.1; done';
	const talk = host.converse(['exec', '-i', 'c1', '/bin/sh', '-c', script]);
	await talk.until(/begun/);
	killKlee(talk, false);
	await untilGone();
});
