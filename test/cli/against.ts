import { klee, type Outcome } from './run-klee.ts';
import { type Answer, StubDaemon, type StubOptions } from './stub-daemon.ts';

let stub: StubDaemon | undefined;

/** A daemon for the test; the one before it is closed. */
export async function startStub(options: StubOptions): Promise<StubDaemon> {
	await closeStub();
	stub = await StubDaemon.start(options);
	return stub;
}

export async function closeStub(): Promise<void> {
	await stub?.close();
	stub = undefined;
}

/** `klee` with these words against a daemon that gives these answers. */
export async function against(
	answers: Record<string, Answer>,
	words: readonly string[],
): Promise<{ stub: StubDaemon; outcome: Outcome }> {
	const daemon = await startStub({ answers });
	return { stub: daemon, outcome: await klee(['--host', daemon.host, ...words]) };
}
