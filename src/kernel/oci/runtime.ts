import { type RunResult, run } from '../exec.ts';
import type { OciTools } from './conmon.ts';

/** Milliseconds; a runtime that takes longer hangs. */
const TIMEOUT = 20_000;

/** Lets the first process of a created container begin. Throws CommandError. */
export async function startContainer(tools: OciTools, container: string): Promise<void> {
	await run([tools.runtime, '--root', tools.state, 'start', container], { timeout: TIMEOUT });
}

/** Removes what the runtime knows of a container, its cgroups too; ends it if it runs. None is no error. */
export async function deleteContainer(tools: OciTools, container: string): Promise<void> {
	await run([tools.runtime, '--root', tools.state, 'delete', '--force', container], { timeout: TIMEOUT });
}

/** First line of a program's version, e.g. `runc version 1.1.5+ds1`. Throws CommandError. */
export async function versionOf(program: string): Promise<string> {
	const { stdout } = await run([program, '--version'], { timeout: TIMEOUT });
	return stdout.trim().split('\n')[0]!;
}

/** `runtime run` in the foreground: create, start, wait, delete. Resolves with whatever exit code it ends with. */
export async function runContainer(tools: OciTools, container: string, bundle: string): Promise<RunResult> {
	return await run([tools.runtime, '--root', tools.state, 'run', '--bundle', bundle, container], {
		timeout: TIMEOUT,
		codes: Array.from({ length: 256 }, (_, code) => code),
	});
}
