/**
 * klee in threads of the test's own process: a process costs more than most commands. As many threads as there are
 * commands at a time, and each is used again.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Outcome } from '../command.ts';
import type { Order } from './thread.ts';

const idle: Worker[] = [];

/** @param timeout milliseconds after which the command is broken off */
export function runInThread(order: Order, timeout = 60_000): Promise<Outcome> {
	const thread = idle.pop() ?? new Worker(join(import.meta.dirname, 'thread.ts'), { execArgv: [] });
	thread.ref();
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => void thread.terminate(), timeout);
		const ended = () => {
			clearTimeout(timer);
			resolve({ stdout: '', stderr: `klee ${order.words.join(' ')} was broken off`, code: 143 });
		};
		thread.once('error', reject).once('exit', ended);
		thread.once('message', (outcome: Outcome) => {
			clearTimeout(timer);
			thread.off('error', reject).off('exit', ended);
			// A test that is over does not wait for it.
			thread.unref();
			idle.push(thread);
			resolve(outcome);
		});
		thread.postMessage(order);
	});
}
