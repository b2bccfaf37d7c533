/** A real sshd of a test's own on loopback, for root, with keys of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SshAccess } from '#os/shell/ssh-command.ts';

const PROGRAM = '/usr/sbin/sshd';

/** Why there can be no sshd here; `false`: there can. */
export const withoutSshd = existsSync(PROGRAM)
	? process.getuid!() === 0
		? (false as const)
		: 'sshd for root needs root'
	: 'sshd is not installed here: apt-get install openssh-server';

/** Where something is undone at the end of a test. */
export interface Undo {
	after(undo: () => void | Promise<void>): void;
}

/** The last thing that was done is undone first; node:test begins with the first. */
export function lastFirst(t: TestContext): Undo {
	const all: Array<() => void | Promise<void>> = [];
	t.after(async () => {
		for (const undo of all.toReversed()) await undo();
	});
	return { after: (undo) => void all.push(undo) };
}

export interface SshdOptions {
	/** Login shell that is pretended, e.g. `/usr/bin/tcsh`. */
	readonly shell?: string;
	readonly maxSessions?: number;
}

export class TestSshd {
	readonly directory = mkdtempSync(join(tmpdir(), 'kleene-sshd-'));
	readonly port: number;
	readonly key = join(this.directory, 'user');
	readonly #options: SshdOptions;
	#child: ChildProcess | undefined;

	static async start(t: Undo, options: SshdOptions = {}): Promise<TestSshd> {
		const sshd = new TestSshd(await freePort(), options);
		t.after(() => sshd.remove());
		await sshd.start();
		return sshd;
	}

	private constructor(port: number, options: SshdOptions) {
		this.port = port;
		this.#options = options;
		// sshd insists on it; where it was never started as a service, nobody made it.
		mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
		for (const name of ['host', 'user', 'stranger'])
			spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.directory, name)]);
		copyFileSync(`${this.key}.pub`, join(this.directory, 'authorized'));
		const hostKey = spawnSync('cat', [join(this.directory, 'host.pub')]).stdout.toString();
		writeFileSync(join(this.directory, 'known'), `[127.0.0.1]:${port} ${hostKey}`);
		writeFileSync(join(this.directory, 'ssh_config'), `UserKnownHostsFile ${join(this.directory, 'known')}\n`);
		writeFileSync(join(this.directory, 'sshd_config'), this.#config());
	}

	#config(): string {
		const { shell, maxSessions } = this.#options;
		return [
			`Port ${this.port}`,
			'ListenAddress 127.0.0.1',
			`HostKey ${join(this.directory, 'host')}`,
			`AuthorizedKeysFile ${join(this.directory, 'authorized')}`,
			'PermitRootLogin yes',
			'StrictModes no',
			'UsePAM no',
			'PidFile none',
			'PasswordAuthentication no',
			'PrintMotd no',
			// bash reads ~/.bashrc when sshd is what starts it; what is in root's here is none of our business.
			'SetEnv SHLVL=5',
			...(maxSessions === undefined ? [] : [`MaxSessions ${maxSessions}`]),
			...(shell === undefined ? [] : [`ForceCommand exec ${shell} -c "$SSH_ORIGINAL_COMMAND"`]),
			'',
		].join('\n');
	}

	async start(): Promise<void> {
		const child = spawn(PROGRAM, ['-D', '-e', '-f', join(this.directory, 'sshd_config')], {
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		this.#child = child;
		let said = '';
		const listening = new Promise<void>((resolve, reject) => {
			child.stderr.on('data', (chunk) => {
				said += chunk;
				if (said.includes('Server listening')) resolve();
			});
			child.once('exit', () => reject(new Error(`sshd ended: ${said}`)));
		});
		await listening;
	}

	/** How it is reached; the directory of the socket is short. */
	access(changes: { key?: string; port?: number } = {}): SshAccess {
		const directory = join(this.directory, 's');
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		return {
			target: { user: 'root', host: '127.0.0.1', port: changes.port ?? this.port },
			directory,
			key: changes.key ?? this.key,
			configFile: join(this.directory, 'ssh_config'),
		};
	}

	/** Process ids of the processes that serve a connection each. */
	connections(): number[] {
		const found = spawnSync('pgrep', ['-P', `${this.#child!.pid}`]).stdout.toString();
		return found.trim() === '' ? [] : found.trim().split('\n').map(Number);
	}

	/** Every connection breaks at once. */
	cut(): void {
		for (const pid of this.connections())
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				// It ended by itself meanwhile.
			}
	}

	async stop(): Promise<void> {
		const child = this.#child!;
		if (child.exitCode !== null || child.signalCode !== null) return;
		this.cut();
		child.kill('SIGKILL');
		while (child.exitCode === null && child.signalCode === null) await delay(5);
	}

	async remove(): Promise<void> {
		await this.stop();
		rmSync(this.directory, { recursive: true, force: true });
	}
}

export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}
