/** Signals and warnings of the process of kleened. */
import type { Logger } from '#engine/logger.ts';

const STOPPING = ['SIGINT', 'SIGTERM'] as const;
/** Mean something to other daemons, so that tools send them. */
const MEANINGLESS = ['SIGUSR1', 'SIGUSR2'] as const;

/** Signals that the parent had ignored, as nohup does: bin/kleened found them, because Node takes that back. */
export function takeSignals(): ReadonlySet<string> {
	// To the runtime it means a debugger, also before there is a log.
	process.on('SIGUSR1', () => {});
	const ignored = new Set((process.env.KLEENE_IGNORED_SIGNALS ?? '').split(' '));
	delete process.env.KLEENE_IGNORED_SIGNALS;
	return ignored;
}

/** @param stop called for each signal that asks for an orderly end */
export function handleSignals(ignored: ReadonlySet<string>, stop: (signal: string) => void, log: Logger): void {
	for (const signal of STOPPING) process.on(signal, () => ignored.has(signal) || stop(signal));
	for (const signal of MEANINGLESS)
		process.on(signal, () => log.info({ signal }, 'kleened has no use for this signal and goes on'));
}

/** Warnings of the runtime become lines of the log; those about experiments are known. */
export function logWarnings(log: Logger): void {
	process.on('warning', ({ name, message }) => {
		if (name !== 'ExperimentalWarning') log.warn({ name }, `warning of the runtime: ${message}`);
	});
}
