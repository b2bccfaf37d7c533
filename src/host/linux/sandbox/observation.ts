import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { ObservedSandbox } from '#model/host/observed.ts';
import { isAlive } from '#os/linux/process.ts';
import type { Paths } from '../paths.ts';
import { Bundle } from './bundle/bundle.ts';

/** Sandboxes that are looked at in one turn of the event loop. */
const PER_TURN = 25;

/**
 * The sandboxes on the host, one after the other.
 *
 * @param isStarted whether the runtime of a container has begun its first process
 */
export function* observedSandboxes(
	paths: Paths,
	isStarted: (container: string) => boolean,
): Generator<ObservedSandbox, void, void> {
	for (const container of namesIn(paths.containers())) {
		const bundle = new Bundle(paths.bundle(container));
		if (!bundle.exists()) continue;
		const first = bundle.processes()?.first;
		// A runtime that waits to be told to start is no container that runs: its daemon may have died before it did.
		const running = first !== undefined && isAlive(first) && isStarted(container);
		yield { container, running, pid: running ? first.pid : 0 };
	}
}

/** For listings: others have their turn between a few of them, so that they may change meanwhile. */
export async function inTurns(observed: Iterable<ObservedSandbox>): Promise<ObservedSandbox[]> {
	const sandboxes: ObservedSandbox[] = [];
	for (const sandbox of observed) if (sandboxes.push(sandbox) % PER_TURN === 0) await setImmediate();
	return sandboxes;
}

function namesIn(directory: string): string[] {
	try {
		return readdirSync(directory);
	} catch {
		return [];
	}
}
