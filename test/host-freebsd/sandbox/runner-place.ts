/** A host made of stand-ins with one jail, here or behind a real sshd, and a runner of processes on it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { HostProcess } from '#host/driver.ts';
import { StateDirectory } from '#host/freebsd/sandbox/run-directory.ts';
import { Runner, type RunnerSpec } from '#host/freebsd/sandbox/runner.ts';
import { LocalShell } from '#os/shell/local.ts';
import type { Shell } from '#os/shell/shell.ts';
import { SshShell } from '#os/shell/ssh.ts';
import { lastFirst, TestSshd, type Undo } from '#test/os/shell/sshd.ts';
import { type StandIns, standIns } from './stand-ins.ts';

const log = { warn() {}, info() {} };
export const JAIL = 'c0ffee123456';

export interface Place {
	readonly there: StandIns;
	readonly state: StateDirectory;
	readonly runner: Runner;
	readonly ends: string[];
	/** Another daemon on the same host. */
	another(): Promise<Pick<Place, 'runner' | 'ends'>>;
}

async function place(t: Undo, connect: (options: { path: string; batch: string }) => Promise<Shell>): Promise<Place> {
	const there = standIns(t);
	there.jail(JAIL);
	const state = new StateDirectory(join(there.directory, 'state'));
	t.after(() => {
		for (const directory of ['run', 'exec'].map((name) => join(state.path, name)))
			for (const id of existsSync(directory) ? readdirSync(directory) : []) killIfThere(join(directory, id, 'pid'));
	});
	let before: Shell | undefined;
	const another = async () => {
		// The connection of a daemon ends with it.
		await before?.close();
		const shell = await connect({ path: there.path, batch: state.batch });
		before = shell;
		const runner = new Runner({ shell, state, logOf: (container) => join(there.directory, 'log', container), log });
		const ends: string[] = [];
		runner.watch(({ container }) => ends.push(container));
		t.after(async () => {
			await runner.close();
			await shell.close();
		});
		await runner.open();
		return { runner, ends };
	};
	return { there, state, another, ...(await another()) };
}

export function killIfThere(file: string): void {
	try {
		process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
	} catch {
		// It ended.
	}
}

export const here = (t: TestContext) => place(lastFirst(t), async (options) => new LocalShell(options));

export async function overSsh(test: TestContext): Promise<Place & { sshd: TestSshd }> {
	const t = lastFirst(test);
	const sshd = await TestSshd.start(t, existsSync('/usr/bin/tcsh') ? { shell: '/usr/bin/tcsh' } : {});
	return { sshd, ...(await place(t, (options) => SshShell.connect(sshd.access(), log, options))) };
}

export function spec(command: string, changes: Partial<RunnerSpec['process']> = {}): RunnerSpec {
	return {
		process: { argv: ['/bin/sh', '-c', command], env: ['A=b c'], user: 'root', tty: false, stdin: false, ...changes },
	};
}

export const first = { kind: 'first', container: JAIL } as const;

export class Watched {
	stdout = '';
	stderr = '';
	readonly bytes: Buffer[] = [];
	constructor(process: HostProcess) {
		process.onOutput((stream, chunk) => {
			this[stream] += chunk.toString();
			if (stream === 'stdout') this.bytes.push(chunk);
		});
	}
}
