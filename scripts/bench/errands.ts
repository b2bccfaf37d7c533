/** A process in other namespaces that runs commands for the bench, one at a time, and takes the time of each. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Outcome, run } from '../../test/testbed/command.ts';

export interface TimedOutcome extends Outcome {
	/** From the start of the command to its end. */
	readonly milliseconds: number;
}

export class Errands {
	readonly #child: ChildProcessByStdio<Writable, Readable, null>;
	readonly #answers: Interface;
	readonly #gone: Promise<never>;

	/** @param place words before a command that take it there, e.g. `nsenter --net=... unshare --mount` */
	constructor(place: readonly string[]) {
		const [file = '', ...args] = [...place, process.execPath, import.meta.filename];
		this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
		this.#child.stdin.on('error', () => undefined);
		this.#answers = createInterface(this.#child.stdout);
		this.#gone = once(this.#answers, 'close').then(() => {
			throw new Error('the namespaces of the bench are gone');
		});
		this.#gone.catch(() => undefined);
	}

	async run(argv: readonly string[]): Promise<TimedOutcome> {
		const answer = new Promise<string>((resolve) => this.#answers.once('line', resolve));
		this.#child.stdin.write(`${JSON.stringify(argv)}\n`);
		return JSON.parse(await Promise.race([answer, this.#gone])) as TimedOutcome;
	}

	/** Of a command that must succeed. */
	async output(argv: readonly string[]): Promise<string> {
		const { stdout, stderr, code } = await this.run(argv);
		if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr || stdout}`);
		return stdout.trim();
	}

	async close(): Promise<void> {
		if (this.#child.exitCode !== null) return;
		const exit = once(this.#child, 'exit');
		this.#child.stdin.end();
		await exit;
	}
}

async function main(): Promise<void> {
	for await (const line of createInterface(process.stdin)) {
		const began = performance.now();
		const outcome = await run(JSON.parse(line) as string[], { timeout: 120_000 });
		console.log(JSON.stringify({ ...outcome, milliseconds: performance.now() - began }));
	}
}

if (import.meta.main) await main();
