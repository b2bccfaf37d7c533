import { type SpawnOptions, spawn } from 'node:child_process';

/** Runs a command whose output is for the user. @returns whether it succeeded */
export function passed(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<boolean> {
	const child = spawn(command, args, { stdio: 'inherit', ...options });
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) => resolve(code === 0));
	});
}

/** Says what begins, and afterwards how long it took. */
export async function timed<T>(title: string, run: () => Promise<T>): Promise<T> {
	console.log(`test: ${title}`);
	const start = performance.now();
	const result = await run();
	console.log(`test: ${title}: ${((performance.now() - start) / 1000).toFixed(0)} seconds`);
	return result;
}
