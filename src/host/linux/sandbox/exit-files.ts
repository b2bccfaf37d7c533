/**
 * Files that tell how the last run of a container ended: `CODE[ CAUSE]`, modified at the time of the end. conmon writes the
 * code; the cause is added when the sandbox is unmade. They stay until the container is started again or removed.
 */
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EndCause } from '#model/container.ts';
import type { SandboxEnd } from '#model/sandbox.ts';

const TEXT = /^(\d+)(?: (exited|killed|out-of-memory|host-restarted))?\s*$/;

/** Observations of the end of a sandbox besides its exit code. */
export interface EndCircumstances {
	/** Its processes were killed by this daemon. */
	readonly killed: boolean;
	/** The kernel ended one of them for lack of memory. */
	readonly outOfMemory: boolean;
	/** They ran before the host was started the last time. */
	readonly restarted: boolean;
}

const KILLED = 137;

/** @param code undefined: nobody saw it */
export function causeOf(code: number | undefined, { killed, outOfMemory, restarted }: EndCircumstances): EndCause {
	if (killed) return 'killed';
	if (code === undefined && restarted) return 'host-restarted';
	if (outOfMemory && (code ?? KILLED) === KILLED) return 'out-of-memory';
	return code === undefined ? 'killed' : 'exited';
}

/** Exit code; undefined where there is no such file, or it is not complete. */
export function readExitCode(file: string): number | undefined {
	const code = TEXT.exec(readOptional(file))?.[1];
	return code === undefined ? undefined : Number(code) & 0xff;
}

export function readExit(file: string): SandboxEnd | undefined {
	const [, code, cause = 'exited'] = TEXT.exec(readOptional(file)) ?? [];
	if (code === undefined) return undefined;
	const at = statSync(file).mtime.toISOString();
	return { code: cause === 'host-restarted' ? null : Number(code) & 0xff, at, cause: cause as EndCause };
}

/** Keeps the time of the file that is there; otherwise it is now. */
export function writeExit(file: string, { code, cause }: { code: number; cause: EndCause }): void {
	const next = join(dirname(file), `.${process.pid}.next`);
	const at = statSync(file, { throwIfNoEntry: false })?.mtime;
	writeFileSync(next, `${code} ${cause}`);
	if (at) utimesSync(next, at, at);
	renameSync(next, file);
}

export function removeExit(file: string): void {
	rmSync(file, { force: true });
}

function readOptional(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return '';
	}
}
