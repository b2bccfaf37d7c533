import type { Bundle, SandboxProcesses } from './bundle.ts';

/** Milliseconds for a runtime to finish after the daemon that called it was killed. */
const ADOPTION = 500;

/** Below the root of the hierarchies, so that nothing is left behind, not even a parent. */
export function cgroupOf(container: string): string {
	return `/kleene-${container}`;
}

/** A bundle without record of its processes may be one whose runtime is at work yet. */
export async function adopt(container: string, bundle: Bundle): Promise<SandboxProcesses | undefined> {
	for (const start = Date.now(); bundle.exists() && Date.now() - start < ADOPTION; ) {
		const processes = bundle.adopt(cgroupOf(container));
		if (processes !== undefined) return processes;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	return undefined;
}
