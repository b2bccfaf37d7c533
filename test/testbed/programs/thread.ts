/** The thread that runs klee for a test: one command after the other, each as if it were alone in its process. */
import { parentPort } from 'node:worker_threads';
import { runKlee } from '#cli/program.ts';
import type { Outcome } from '../command.ts';

/** One command line. */
export interface Order {
	readonly words: readonly string[];
	readonly env: NodeJS.ProcessEnv;
	/** Standard output is a terminal of this width. */
	readonly columns?: number;
}

const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
for (const name of ['stdout', 'stderr'] as const)
	process[name].write = (chunk: string | Uint8Array) => {
		said[name].push(Buffer.from(chunk as string));
		return true;
	};

async function carryOut({ words, env, columns }: Order): Promise<Outcome> {
	for (const name of Object.keys(process.env)) delete process.env[name];
	Object.assign(process.env, env);
	Object.assign(process.stdout, { isTTY: columns !== undefined, columns });
	const code = await runKlee(words);
	// Each command says anew what becomes of it when nobody reads.
	for (const name of ['stdout', 'stderr'] as const) process[name].removeAllListeners('error');
	const [stdout, stderr] = [said.stdout, said.stderr].map((parts) => Buffer.concat(parts.splice(0)).toString());
	return { stdout: stdout ?? '', stderr: stderr ?? '', code };
}

parentPort?.on('message', async (order: Order) => parentPort?.postMessage(await carryOut(order)));
