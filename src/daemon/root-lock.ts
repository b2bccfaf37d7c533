import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';

/**
 * Two daemons on one root would undo each other's work. The file holds the process id and its start time, so that one
 * left by a killed daemon, whose number somebody else has now, is known for what it is. Where there is no /proc
 * (FreeBSD) the number alone must do.
 * @returns a function that gives the root free
 */
export function lockRoot(root: string): () => void {
	mkdirSync(root, { recursive: true, mode: 0o711 });
	const file = join(root, 'kleened.pid');
	const mine = `${process.pid} ${startTime(process.pid)}\n`;
	for (;;) {
		try {
			const fd = openSync(file, 'wx', 0o644);
			writeSync(fd, mine);
			closeSync(fd);
			return () => rmSync(file, { force: true });
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
			requireDead(root, file);
			rmSync(file, { force: true });
		}
	}
}

function requireDead(root: string, file: string): void {
	const [pid = '', started] = readFileSync(file, 'utf8').trim().split(' ');
	if (pid === '' || !isStill(Number(pid), started)) return;
	throw new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot use the root directory ${root}`,
		why: `another kleened (process ${pid}) uses it`,
		hint: `stop that one first, or choose another --root; if process ${pid} is another program, remove ${file}`,
	});
}

const UNKNOWN = 'unknown';

function isStill(pid: number, started: string | undefined): boolean {
	if (started !== UNKNOWN) return startTime(pid) === started;
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

/** Clock ticks since boot (proc_pid_stat(5), field 22); `''` when there is no such process. */
function startTime(pid: number): string {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
	} catch {
		return pid === process.pid ? UNKNOWN : '';
	}
}
