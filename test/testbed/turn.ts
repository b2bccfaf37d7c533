/**
 * Whose turn it is on a host that several test files want at once: names such as `kleene0`, anchors and the comparison of
 * before and after are there once. lockf(1) on the host itself, so that tests from several machines wait for one another.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const LOCK = '/var/run/kleene-test.lock';

/** One's turn, which lasts until it is over, or until this process ends, however it does. */
export interface Turn {
	over(): Promise<void>;
}

/**
 * Waits for it, however long it takes.
 *
 * @param way words before a command line for whatever shell root has there, e.g. `ssh`, `root@bsd1`
 */
export async function takeTurn(way: readonly string[], lock = LOCK): Promise<Turn> {
	const [program = '', ...words] = [...way, `exec lockf -k ${lock} /bin/sh -c 'echo turn; exec cat'`];
	// It ends with its input, and the lock with it.
	const holder = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
	const ended = once(holder, 'exit');
	const mine = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
	if (!mine) throw new Error(`${way.join(' ')} does not give a turn on the host`);
	holder.stdout.resume();
	return {
		async over() {
			holder.stdin.end();
			await ended;
		},
	};
}
